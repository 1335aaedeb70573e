output "queue_urls" {
  description = "URLs of the queues by name."
  value       = { for name, queue in aws_sqs_queue.this : name => queue.url }
}
