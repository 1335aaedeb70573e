variable "queues" {
  description = "Queues by name: as simulated, with the service account that works each off and those that send to it."
  type = map(object({
    visibility_timeout_seconds = number
    message_retention_seconds  = number
    max_receive_count          = optional(number)
    consumer                   = string
    senders                    = list(string)
  }))

  validation {
    condition     = alltrue([for queue in var.queues : queue.visibility_timeout_seconds >= 0 && queue.visibility_timeout_seconds <= 43200])
    error_message = "SQS hides a message for 12 hours at most."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.message_retention_seconds >= 60 && queue.message_retention_seconds <= 1209600])
    error_message = "SQS keeps a message for 60 seconds to 14 days."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.max_receive_count == null || try(queue.max_receive_count >= 1 && queue.max_receive_count <= 1000, false)])
    error_message = "max_receive_count is from 1 to 1000."
  }

  validation {
    condition     = alltrue(flatten([for queue in var.queues : [for account in concat([queue.consumer], queue.senders) : contains(keys(var.service_accounts), account)]]))
    error_message = "Consumers and senders are service accounts of this configuration, as namespace/name."
  }
}
