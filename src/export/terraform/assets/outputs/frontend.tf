output "frontend_domain_name" {
  description = "CloudFront's name of the site: where a DNS record of one's own points."
  value       = aws_cloudfront_distribution.frontend.domain_name
}

output "frontend_bucket" {
  description = "Where the pages are uploaded to."
  value       = aws_s3_bucket.frontend.id
}
