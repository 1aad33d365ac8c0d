# Auto-stop: a Lambda that looks every hour and stops a dev server that was idle for 12. Cents a month: 720 short runs,
# about 2,200 metric reads. A Lambda and not an alarm, because alarms' stop actions do not work reliably on spot.

# Built by `make` from auto-stop/; the AWS SDK comes with the runtime.
data "archive_file" "auto_stop" {
  type        = "zip"
  source_file = "${path.module}/auto-stop/dist/index.mjs"
  output_path = "${path.module}/auto-stop/dist/auto-stop.zip"
  # The same from every computer, whatever its umask.
  output_file_mode = "0644"
}

resource "aws_lambda_function" "auto_stop" {
  function_name    = "snowglobe-auto-stop"
  description      = "Stops dev servers that were idle for 12 hours"
  role             = aws_iam_role.auto_stop.arn
  filename         = data.archive_file.auto_stop.output_path
  source_code_hash = data.archive_file.auto_stop.output_base64sha256
  runtime          = "nodejs24.x"
  architectures    = ["arm64"]
  handler          = "index.handler"
  memory_size      = 256
  timeout          = 120

  environment {
    variables = {
      IDLE_HOURS    = "12"
      INSTANCE_IDS  = join(",", [for name in keys(local.dev_machines) : local.dev_machines[name].id])
      SNS_TOPIC_ARN = aws_sns_topic.alerts.arn
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.auto_stop.name
  }

  # A role without its rights would make the first run fail.
  depends_on = [aws_iam_role_policy.auto_stop]
}

resource "aws_cloudwatch_log_group" "auto_stop" {
  name              = "/aws/lambda/snowglobe-auto-stop"
  retention_in_days = 30
}

# A run that failed twice is told too, or a lost permission would burn money in silence.
resource "aws_lambda_function_event_invoke_config" "auto_stop" {
  function_name                = aws_lambda_function.auto_stop.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sns_topic.alerts.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "snowglobe-auto-stop"
  description         = "Every hour: are the dev servers idle?"
  schedule_expression = "cron(20 * * * ? *)" # when CloudWatch has all of the hour before
}

resource "aws_cloudwatch_event_target" "auto_stop" {
  rule      = aws_cloudwatch_event_rule.hourly.name
  target_id = "auto-stop" # by name: another one beside it would call twice, and keep the rule from ever being deleted
  arn       = aws_lambda_function.auto_stop.arn
}

resource "aws_lambda_permission" "hourly" {
  statement_id  = "hourly"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.auto_stop.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.hourly.arn
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "auto_stop" {
  name               = "snowglobe-auto-stop"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

data "aws_iam_policy_document" "auto_stop" {
  # Neither of these two can be narrowed to a resource.
  statement {
    actions   = ["ec2:DescribeInstances", "cloudwatch:GetMetricData"]
    resources = ["*"]
  }

  # By tag, and not by ID: a recreated machine must be stoppable before the next apply.
  statement {
    actions   = ["ec2:StopInstances"]
    resources = ["arn:aws:ec2:us-west-1:${local.account_id}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Name"
      values   = keys(local.dev_machines)
    }
  }

  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
  }

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.auto_stop.arn}:*"]
  }
}

resource "aws_iam_role_policy" "auto_stop" {
  name   = "auto-stop"
  role   = aws_iam_role.auto_stop.id
  policy = data.aws_iam_policy_document.auto_stop.json
}
