variable "keda_version" {
  description = "Version of KEDA's chart."
  type        = string
  default     = "2.20.2"
}
