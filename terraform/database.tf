# The database: Aurora Serverless v2 (MySQL), asleep at 0 ACU after 300 idle seconds, at most 1 ACU. About $5-15 a month:
# $0.12 an ACU-hour awake, $0.10 a GB-month, and $0.40 a month for the secret that RDS keeps.

# The account's default in this family, not older than 3.08, which is the first that can pause.
data "aws_rds_engine_version" "aurora_mysql" {
  engine                 = "aurora-mysql"
  parameter_group_family = "aurora-mysql8.0"
  default_only           = true
}

resource "aws_db_subnet_group" "this" {
  name       = "snowglobe"
  subnet_ids = [for subnet in aws_subnet.public : subnet.id]
}

resource "aws_rds_cluster_parameter_group" "this" {
  name   = "snowglobe"
  family = "aurora-mysql8.0"

  parameter {
    name  = "require_secure_transport"
    value = "ON"
  }
}

resource "aws_rds_cluster" "this" {
  cluster_identifier              = "snowglobe"
  engine                          = "aurora-mysql"
  engine_mode                     = "provisioned"
  engine_version                  = data.aws_rds_engine_version.aurora_mysql.version
  database_name                   = "snowglobe"
  db_subnet_group_name            = aws_db_subnet_group.this.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name
  vpc_security_group_ids          = [aws_security_group.database.id]

  # Nobody knows this password: RDS makes, keeps and rotates it. `make connect` uses it once, through the Data API, to
  # make the user that signs in by IAM.
  master_username                     = "snowglobeadmin"
  manage_master_user_password         = true
  enable_http_endpoint                = true
  iam_database_authentication_enabled = true

  storage_encrypted         = true
  backup_retention_period   = 7
  copy_tags_to_snapshot     = true
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "snowglobe-final"

  serverlessv2_scaling_configuration {
    min_capacity             = 0
    max_capacity             = 1
    seconds_until_auto_pause = 300
  }

  # AWS moves minor versions on by itself, and chooses the zones that storage spans.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [engine_version, availability_zones]
  }
}

resource "aws_rds_cluster_instance" "this" {
  identifier          = "snowglobe-1"
  cluster_identifier  = aws_rds_cluster.this.id
  engine              = aws_rds_cluster.this.engine
  instance_class      = "db.serverless"
  ca_cert_identifier  = "rds-ca-rsa2048-g1"
  publicly_accessible = false

  lifecycle {
    ignore_changes = [engine_version]
  }
}

# From our machines only: an open port would be woken, and billed, by every scanner. A laptop goes through the jumpbox.
resource "aws_security_group" "database" {
  name        = "snowglobe-database"
  description = "MySQL from the machines"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  description                  = "MySQL from the machines"
  referenced_security_group_id = aws_security_group.machines.id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}
