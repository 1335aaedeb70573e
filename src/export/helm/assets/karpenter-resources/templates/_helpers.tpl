{{/* Labels of an object: call with a dict of root and object. */}}
{{- define "karpenter-resources.labels" -}}
{{- $own := dict "app.kubernetes.io/name" .root.Chart.Name "app.kubernetes.io/instance" .root.Release.Name "app.kubernetes.io/managed-by" .root.Release.Service "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) -}}
{{- toYaml (mergeOverwrite $own (deepCopy (.root.Values.commonLabels | default dict)) (deepCopy (.object.labels | default dict))) -}}
{{- end -}}
