variable "fluent_bit_version" {
  description = "Version of the chart aws-for-fluent-bit."
  type        = string
  default     = "0.2.0"
}
