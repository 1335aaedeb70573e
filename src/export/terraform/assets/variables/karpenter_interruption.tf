variable "karpenter_interruption_queue" {
  description = "Name of the queue on which Karpenter hears of interruptions."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.karpenter_interruption_queue))
    error_message = "A queue's name has at most 80 letters, digits, hyphens and underscores."
  }
}
