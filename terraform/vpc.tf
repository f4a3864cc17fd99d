# A network without a way out: no internet gateway, no NAT. What runs in it reaches S3 by a gateway endpoint and six
# other services by interface endpoints, and of S3 this lake's buckets alone.
locals {
  network = var.vpc == null ? 0 : 1

  # What the other files ask for.
  subnets     = aws_subnet.lake[*].id
  work_groups = aws_security_group.work[*].id
  connections = aws_glue_connection.vpc[*].name

  # Endpoint => prefix of its actions. The job asks Glue whether another run lives, writes logs and metrics; the function
  # publishes; Redshift reads the catalog of Glue by the same endpoint (Management Guide, "Querying data lake tables with
  # enhanced VPC routing"; Lake Formation's is needed only for tables that it manages).
  endpoints = { glue = "glue", kms = "kms", logs = "logs", monitoring = "cloudwatch", sns = "sns", sts = "sts" }

  # Who may open connections to the endpoints, and to nothing else.
  callers = merge(
    { for group in aws_security_group.work : "work" => group.id },
    { for group in aws_security_group.warehouse : "warehouse" => group.id },
  )
}

data "aws_availability_zones" "open" {
  # checkov:skip=CKV_AWS_394: a subnet keeps the zone it was made in, whatever zones there are later.
  count = local.network
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"] # no local zones: they have neither Glue nor Redshift
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= var.vpc.zones
      error_message = "vpc.zones is ${var.vpc.zones}, but ${var.region} has ${length(self.names)} zones for this account."
    }
  }
}

resource "aws_vpc" "lake" {
  count                = local.network
  cidr_block           = var.vpc.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # private names of the endpoints need both

  tags = { Name = var.name }
}

# A quarter of the range for each zone: 251 free addresses of the default. A worker of the job takes one.
resource "aws_subnet" "lake" {
  count             = var.vpc == null ? 0 : var.vpc.zones
  vpc_id            = aws_vpc.lake[0].id
  cidr_block        = cidrsubnet(var.vpc.cidr, 2, count.index)
  availability_zone = data.aws_availability_zones.open[0].names[count.index]

  tags = { Name = "${var.name}-${count.index}" }

  lifecycle {
    ignore_changes = [availability_zone] # a zone that comes or goes does not move the others
  }
}

resource "aws_route_table" "lake" {
  count  = local.network
  vpc_id = aws_vpc.lake[0].id

  tags = { Name = var.name }
}

resource "aws_route_table_association" "lake" {
  count          = length(aws_subnet.lake)
  subnet_id      = aws_subnet.lake[count.index].id
  route_table_id = aws_route_table.lake[0].id
}

# The group that AWS gives each VPC permits its members everything: here it has no rule, and nobody is in it.
resource "aws_default_security_group" "lake" {
  count  = local.network
  vpc_id = aws_vpc.lake[0].id

  tags = { Name = "${var.name}-unused" }
}

resource "aws_security_group" "work" {
  count       = local.network
  name        = "${var.name}-work"
  description = "The Glue job and the alerts function"
  vpc_id      = aws_vpc.lake[0].id

  tags = { Name = "${var.name}-work" }
}

# Workers of a job talk to each other on any port, in and out; Glue refuses a group without such a rule (Glue Developer
# Guide, "Setting up Amazon VPC for JDBC connections").
resource "aws_vpc_security_group_ingress_rule" "between_workers" {
  # checkov:skip=CKV_AWS_24: the source is the group itself, not 0.0.0.0/0.
  # checkov:skip=CKV_AWS_25: the same
  # checkov:skip=CKV_AWS_260: the same
  count                        = local.network
  security_group_id            = aws_security_group.work[0].id
  referenced_security_group_id = aws_security_group.work[0].id
  description                  = "Workers of a job among themselves"
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "between_workers" {
  count                        = local.network
  security_group_id            = aws_security_group.work[0].id
  referenced_security_group_id = aws_security_group.work[0].id
  description                  = "Workers of a job among themselves"
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

# The names of AWS's services are looked up at the VPC's own resolver, which security groups do not stand in the way of.
resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  for_each                     = local.callers
  security_group_id            = each.value
  referenced_security_group_id = aws_security_group.endpoints[0].id
  description                  = "Interface endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  for_each          = local.callers
  security_group_id = each.value
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  description       = "S3 by its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Glue takes the first connection whose zone and subnet are in order, so one for each subnet outlives a zone
# (AWS re:Post, "AWS Glue Job Networking: Managing Multiple Connections").
resource "aws_glue_connection" "vpc" {
  count           = length(aws_subnet.lake)
  name            = "${var.name}-${count.index}"
  description     = "The job's network: a subnet without a way to the internet"
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = aws_subnet.lake[count.index].availability_zone
    subnet_id              = aws_subnet.lake[count.index].id
    security_group_id_list = [aws_security_group.work[0].id]
  }

  # A run that begins before its rules and routes are there fails for want of S3.
  depends_on = [
    aws_route_table_association.lake,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.between_workers,
    aws_vpc_security_group_egress_rule.to_endpoints,
    aws_vpc_security_group_egress_rule.to_s3,
    aws_vpc_security_group_ingress_rule.between_workers,
    aws_vpc_security_group_ingress_rule.to_endpoints,
  ]
}
