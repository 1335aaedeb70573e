resource "aws_iam_role_policy" "keda_queues" {
  name = "queue-lengths"
  role = aws_iam_role.keda.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        Resource = [for queue in aws_sqs_queue.this : queue.arn]
      }
    ]
  })
}
