# Backups: the jumpbox's home and the persistent roots, daily for 7 days and weekly for 30. Snapshots are incremental,
# $0.055 a GB-month: about $33 a month for two full 300 GB roots, and their changes on top.

# Never emptied by Terraform, and never deleted while it holds anything.
resource "aws_backup_vault" "this" {
  name = "snowglobe"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_backup_plan" "this" {
  name = "snowglobe"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 10 * * ? *)" # UTC: the small hours in California

    lifecycle {
      delete_after = 7
    }
  }

  rule {
    rule_name         = "weekly"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 11 ? * SUN *)"

    lifecycle {
      delete_after = 30
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = "snowglobe"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.backup.arn
  resources = concat(
    [aws_ebs_volume.jumpbox_home.arn],
    [for volume in values(local.persistent_volumes) : "arn:aws:ec2:us-west-1:${local.account_id}:volume/${volume}"],
  )
}

data "aws_iam_policy_document" "backup" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "backup" {
  name               = "snowglobe-backup"
  assume_role_policy = data.aws_iam_policy_document.backup.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"])

  role       = aws_iam_role.backup.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/${each.key}"
}
