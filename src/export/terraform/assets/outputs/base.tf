output "cluster_name" {
  description = "For `aws eks update-kubeconfig --name`."
  value       = aws_eks_cluster.this.name
}

output "cluster_endpoint" {
  description = "The cluster's API server."
  value       = aws_eks_cluster.this.endpoint
}

output "service_role_arns" {
  description = "The role of each service account, to attach what else it needs."
  value       = { for key, role in aws_iam_role.service : key => role.arn }
}
