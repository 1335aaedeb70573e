resource "aws_sqs_queue" "dead" {
  for_each = { for name, queue in var.queues : name => queue if queue.max_receive_count != null }

  name                      = "${each.key}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "this" {
  for_each = var.queues

  name                       = each.key
  visibility_timeout_seconds = each.value.visibility_timeout_seconds
  message_retention_seconds  = each.value.message_retention_seconds
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  redrive_policy = each.value.max_receive_count == null ? null : jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = each.value.max_receive_count
  })
}

locals {
  queue_senders = merge([
    for name, queue in var.queues : { for account in queue.senders : "${account} to ${name}" => { account = account, queue = name } }
  ]...)
}

# Who works a queue off may do with its messages what that takes.
resource "aws_iam_role_policy" "consumer" {
  for_each = var.queues

  name = "consume-${each.key}"
  role = aws_iam_role.service[each.value.consumer].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:ReceiveMessage",
        ]
        Resource = aws_sqs_queue.this[each.key].arn
      }
    ]
  })
}

# Who puts messages on a queue may do that and no more.
resource "aws_iam_role_policy" "sender" {
  for_each = local.queue_senders

  name = "send-${each.value.queue}"
  role = aws_iam_role.service[each.value.account].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = aws_sqs_queue.this[each.value.queue].arn
      }
    ]
  })
}
