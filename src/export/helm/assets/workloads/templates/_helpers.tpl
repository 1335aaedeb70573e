{{/* Labels of an object: call with a dict of root and object. */}}
{{- define "workloads.labels" -}}
{{- $own := dict "app.kubernetes.io/instance" .root.Release.Name "app.kubernetes.io/managed-by" .root.Release.Service "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) -}}
{{- toYaml (mergeOverwrite $own (deepCopy (.root.Values.commonLabels | default dict)) (deepCopy (.object.labels | default dict))) -}}
{{- end -}}

{{/* Name, namespace, labels and annotations of an object: call with a dict of root, name, object, and a namespace where there is one. */}}
{{- define "workloads.metadata" -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "workloads.labels" . | nindent 2 }}
{{- with .object.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The spec of a Deployment or DaemonSet with its images exchanged: call with a dict of root and spec, which is changed. */}}
{{- define "workloads.images" -}}
{{- $pod := .spec.template.spec -}}
{{- range $container := concat ($pod.containers | default list) ($pod.initContainers | default list) -}}
{{- $_ := set $container "image" (get ($.root.Values.images | default dict) $container.image | default $container.image) -}}
{{- end -}}
{{- end -}}
