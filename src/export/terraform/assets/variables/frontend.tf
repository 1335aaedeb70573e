variable "frontend_bucket" {
  description = "Bucket of the pages. Bucket names are one for the whole world: choose another where this one is taken."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.frontend_bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "frontend_price_class" {
  description = "Where CloudFront answers from."
  type        = string

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All", "None"], var.frontend_price_class)
    error_message = "The price class is PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "frontend_domain_names" {
  description = "Names of the site besides CloudFront's own; they need frontend_certificate_arn."
  type        = list(string)
  default     = []
}

variable "frontend_certificate_arn" {
  description = "Certificate (ACM, us-east-1) of frontend_domain_names."
  type        = string
  default     = null

  validation {
    condition     = var.frontend_certificate_arn != null || length(var.frontend_domain_names) == 0
    error_message = "Names of one's own need a certificate."
  }
}
