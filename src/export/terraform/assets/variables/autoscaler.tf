variable "cluster_autoscaler_chart_version" {
  description = "Version of the chart cluster-autoscaler. Its image is the first release for the cluster's Kubernetes."
  type        = string
  default     = "9.59.0"
}
