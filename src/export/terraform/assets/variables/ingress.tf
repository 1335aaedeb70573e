variable "load_balancer_controller_version" {
  description = "Version of the AWS Load Balancer Controller's chart."
  type        = string
  default     = "3.5.0"
}

variable "certificate_arns" {
  description = "Certificates (ACM, same region) of the hosts of the Ingresses. Without one for a host it answers on port 80 only."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.certificate_arns) : startswith(arn, "arn:")])
    error_message = "Certificates are named by their ARNs."
  }
}
