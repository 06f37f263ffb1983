# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS calls its services, by the prefix of their actions. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

NAMES = {
    "access-analyzer": "AWS IAM Access Analyzer",
    "acm": "AWS Certificate Manager",
    "arc-zonal-shift": "Amazon Application Recovery Controller - Zonal Shift",
    "autoscaling": "Amazon EC2 Auto Scaling",
    "backup": "AWS Backup",
    "cloudfront": "Amazon CloudFront",
    "cloudtrail": "AWS CloudTrail",
    "cloudwatch": "Amazon CloudWatch",
    "config": "AWS Config",
    "ds": "AWS Directory Service",
    "ec2": "Amazon EC2",
    "ec2messages": "Amazon Message Delivery Service",
    "elasticfilesystem": "Amazon Elastic File System",
    "elasticloadbalancing": "AWS Elastic Load Balancing",
    "guardduty": "Amazon GuardDuty",
    "iam": "AWS Identity and Access Management",
    "kms": "AWS Key Management Service",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "organizations": "AWS Organizations",
    "route53": "Amazon Route 53",
    "route53domains": "Amazon Route 53 Domains",
    "s3": "Amazon S3",
    "secretsmanager": "AWS Secrets Manager",
    "servicequotas": "Service Quotas",
    "sns": "Amazon SNS",
    "ssm": "AWS Systems Manager",
    "ssmmessages": "Amazon Session Manager Message Gateway Service",
    "sts": "AWS Security Token Service",
    "tag": "Amazon Resource Group Tagging API",
    "wafv2": "AWS WAF V2",
}
"""The services that a site like this one meets; an account's policies may name others."""
