variable "region" {
  description = "Region of everything, such as eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is the name of a region, such as eu-central-1. Those of China have other endpoints, which this module does not know."
  }
}

variable "name" {
  description = "Begins the name of everything that is made; two lakes of one account have two names."
  type        = string
  default     = "clickstream"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name has 3 to 24 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that can have them, beside application."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(var.tags) <= 9
    error_message = "tags are 9 at most: an object in S3 has no more than 10."
  }
}

variable "dist" {
  description = "Folder that `clickctl package` has written: the Lambda's zip, the Glue job's library and script, its wheels."
  type        = string
  default     = "../dist"

  validation {
    condition     = alltrue([for name in ["clickctl-alerts-*.zip", "clickctl-[0-9]*.zip", "clickstream_job.py"] : length(fileset(var.dist, name)) == 1])
    error_message = "${var.dist} holds no package of clickctl, or more than one version: run `clickctl package`."
  }
}

variable "quality" {
  description = "[quality] of the configuration. The job, the alerts function and `clickctl init --from-terraform` all get it from here."
  type = object({
    actions        = optional(list(string), ["page_view", "click", "search", "add_to_cart", "purchase"])
    null_tokens    = optional(list(string), ["", "-"])
    max_lateness   = optional(string, "7d")
    max_skew       = optional(string, "1h")
    max_line_bytes = optional(number, 1048576)
  })
  default = {}

  validation {
    condition     = length(var.quality.actions) > 0 && !anytrue([for text in concat(var.quality.actions, var.quality.null_tokens) : strcontains(text, ",")])
    error_message = "quality.actions names at least one action; neither they nor null_tokens hold a comma, which the function's variables separate them by."
  }
  validation {
    condition     = alltrue([for span in [var.quality.max_lateness, var.quality.max_skew] : can(regex("^[0-9]+[dhms]$", span))])
    error_message = "quality.max_lateness and max_skew are durations such as 7d, 36h, 90m or 30s."
  }
  validation {
    condition     = var.quality.max_line_bytes >= 1024 && var.quality.max_line_bytes <= 67108864
    error_message = "quality.max_line_bytes lies between 1024 and 67108864."
  }
}

variable "trigger" {
  description = "What tells the alerts function of a new raw file: \"cloudtrail\" (data events by way of EventBridge) or \"s3\" (the bucket's own events by way of EventBridge)."
  type        = string
  default     = "cloudtrail"

  validation {
    condition     = contains(["cloudtrail", "s3"], var.trigger)
    error_message = "trigger is \"cloudtrail\" or \"s3\"."
  }
}

variable "audit" {
  description = "Whether CloudTrail keeps who read and wrote the objects of the processed and alerts buckets. Billed by the event."
  type        = bool
  default     = true
}

variable "alerts" {
  description = "The alerts function. `action` is one of quality.actions; concurrency 0 stops it, -1 reserves none."
  type = object({
    action          = optional(string, "purchase")
    max_messages    = optional(number, 100)
    memory_mb       = optional(number, 512)
    timeout_seconds = optional(number, 300)
    concurrency     = optional(number, 20)
    emails          = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = var.alerts.timeout_seconds >= 60 && var.alerts.timeout_seconds <= 900 && var.alerts.max_messages >= 1 && var.alerts.max_messages <= 1000
    error_message = "alerts.timeout_seconds lies between 60 and 900, alerts.max_messages between 1 and 1000."
  }
}

variable "glue" {
  description = "The Glue job. `max_concurrent_runs` are those of one backfill; the job permits two more, for the schedules."
  type = object({
    version              = optional(string, "5.0")
    worker_type          = optional(string, "G.1X")
    workers              = optional(number, 4)
    max_concurrent_runs  = optional(number, 4)
    timeout_minutes      = optional(number, 120)
    target_file_mb       = optional(number, 128)
    dollars_per_dpu_hour = optional(number, 0.44)
    python_modules       = optional(list(string), ["msgspec==0.22.0", "zlib-ng==1.1.0"])
  })
  default = {}

  validation {
    condition     = startswith(var.glue.version, "5.")
    error_message = "glue.version is 5.0 or newer: the job is written for Spark 3.5 and Python 3.11."
  }
  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X", "R.1X", "R.2X", "R.4X", "R.8X"], var.glue.worker_type)
    error_message = "glue.worker_type is one of G.1X, G.2X, G.4X, G.8X, R.1X, R.2X, R.4X, R.8X."
  }
  validation {
    condition     = var.glue.workers >= 2 && var.glue.max_concurrent_runs >= 1 && var.glue.timeout_minutes >= 1
    error_message = "glue.workers is 2 or more (one of them is Spark's driver), max_concurrent_runs and timeout_minutes 1 or more."
  }
  validation {
    condition     = var.glue.target_file_mb >= 1 && var.glue.target_file_mb <= 512
    error_message = "glue.target_file_mb lies between 1 and 512."
  }
}

variable "schedules" {
  description = "When hours and days are run, as EventBridge Scheduler writes it, in UTC."
  type = object({
    enabled = optional(bool, true)
    hourly  = optional(string, "cron(7 * * * ? *)")
    nightly = optional(string, "cron(40 0 * * ? *)")
  })
  default = {}

  validation {
    condition     = alltrue([for at in [var.schedules.hourly, var.schedules.nightly] : can(regex("^(cron|rate)\\(.+\\)$", at))])
    error_message = "schedules.hourly and nightly are expressions such as cron(7 * * * ? *)."
  }
}

variable "workflow" {
  description = "Whether the night is a Glue workflow (day, then crawler) instead of a schedule of EventBridge's."
  type        = bool
  default     = false
}

variable "crawler" {
  description = "Whether a Glue crawler makes tables over the raw files, to look at with Athena. The pipeline needs none."
  type        = bool
  default     = false
}

variable "catalog" {
  description = "Names in the Glue catalog, and the years that Athena's projection spans."
  type = object({
    database = optional(string, "clickstream")
    facts    = optional(string, "fact_clicks")
    users    = optional(string, "dim_users")
    view     = optional(string, "users")
    years    = optional(list(number), [2020, 2040])
  })
  default = {}

  validation {
    condition     = alltrue([for name in [var.catalog.database, var.catalog.facts, var.catalog.users, var.catalog.view] : can(regex("^[a-z_][a-z0-9_]{0,126}$", name))])
    error_message = "names of the catalog have lower-case letters, digits and underscores."
  }
  validation {
    condition     = length(distinct([var.catalog.facts, var.catalog.users, var.catalog.view])) == 3
    error_message = "catalog.facts, users and view are three names."
  }
  validation {
    condition     = length(var.catalog.years) == 2 && var.catalog.years[0] <= var.catalog.years[1]
    error_message = "catalog.years is the first year and the last."
  }
}

variable "athena" {
  description = "The workgroup: a query that scans more than `cutoff_gb` is cancelled."
  type = object({
    cutoff_gb = optional(number, 100)
  })
  default = {}

  validation {
    condition     = var.athena.cutoff_gb >= 0.011
    error_message = "athena.cutoff_gb is 0.011 or more: Athena takes no cutoff below 10 MiB."
  }
}

variable "warehouse" {
  description = "Redshift: kind \"none\", \"serverless\" or \"provisioned\". It needs `vpc`. Limits are what AWS stops at, each day."
  type = object({
    kind          = optional(string, "none")
    database      = optional(string, "clickstream")
    schema        = optional(string, "public")
    hot_days      = optional(number, 14)
    base_rpus     = optional(number, 8)
    rpu_hours     = optional(number, 60)
    node_type     = optional(string, "ra3.large")
    nodes         = optional(number, 2)
    spectrum_tb   = optional(number, 1)
    query_seconds = optional(number, 3600)
  })
  default = {}

  validation {
    condition     = contains(["none", "serverless", "provisioned"], var.warehouse.kind)
    error_message = "warehouse.kind is \"none\", \"serverless\" or \"provisioned\"."
  }
  validation {
    condition     = alltrue([for count in [var.warehouse.nodes, var.warehouse.rpu_hours, var.warehouse.spectrum_tb] : count >= 1 && floor(count) == count])
    error_message = "warehouse.nodes, rpu_hours and spectrum_tb are whole numbers, 1 or more."
  }
  validation {
    condition     = var.warehouse.query_seconds >= 1 && var.warehouse.query_seconds <= 86399
    error_message = "warehouse.query_seconds lies between 1 and 86399."
  }
  validation {
    condition     = var.warehouse.hot_days >= 7 && var.warehouse.hot_days <= 30
    error_message = "warehouse.hot_days lies between 7 and 30."
  }
  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.warehouse.database)) && can(regex("^[a-z_][a-z0-9_]{0,126}$", var.warehouse.schema))
    error_message = "warehouse.database and schema have lower-case letters, digits and underscores."
  }
}

variable "vpc" {
  description = "A network without a way to the internet for the job, the function and the warehouse; null: none is made. `clients` are the ranges the warehouse may be reached from."
  type = object({
    cidr    = optional(string, "10.40.0.0/22")
    zones   = optional(number, 3)
    clients = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : can(cidrnetmask(var.vpc.cidr)) && can(regex("/(1[6-9]|2[0-4])$", var.vpc.cidr))
    error_message = "vpc.cidr is a range from /16 to /24, such as 10.40.0.0/22."
  }
  validation {
    condition     = var.vpc == null ? true : var.vpc.zones >= 2 && var.vpc.zones <= 4
    error_message = "vpc.zones lies between 2 and 4."
  }
  validation {
    condition     = alltrue([for range in var.vpc == null ? [] : var.vpc.clients : can(cidrnetmask(range))])
    error_message = "vpc.clients are IPv4 ranges, such as 10.0.0.0/8."
  }
}

variable "principals" {
  description = "ARNs that may assume the roles of people and machines; empty: whoever this account lets (its administrators)."
  type = object({
    operators = optional(list(string), [])
    loaders   = optional(list(string), [])
    analysts  = optional(list(string), [])
    producers = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for arn in flatten(values(var.principals)) : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+$", arn))])
    error_message = "principals are ARNs of users, roles or accounts."
  }
}

variable "keep" {
  description = "Days that things are kept. Raw files stay: they go to Standard-IA after 30 days and to Glacier after 90."
  type = object({
    quarantine = optional(number, 90)
    alerts     = optional(number, 400)
    staging    = optional(number, 3)
    results    = optional(number, 7)
    versions   = optional(number, 30)
    logs       = optional(number, 90)
    trail      = optional(number, 400)
  })
  default = {}

  validation {
    condition     = alltrue([for days in values(var.keep) : days >= 1 && floor(days) == days])
    error_message = "keep counts whole days, 1 or more."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.keep.logs)
    error_message = "keep.logs is one of the numbers that CloudWatch Logs knows: 30, 60, 90, 180, 365 and so on."
  }
}

variable "alarms" {
  description = "Where alarms begin, and who is told of them."
  type = object({
    emails             = optional(list(string), [])
    job_minutes        = optional(number, 60)
    job_skew           = optional(number, 5)
    function_seconds   = optional(number, 120)
    athena_gb_a_day    = optional(number, 1000)
    load_hours         = optional(number, 24)
    report_every_hours = optional(number, 1)
  })
  default = {}

  validation {
    condition     = var.alarms.report_every_hours >= 1 && var.alarms.report_every_hours <= 168 && floor(var.alarms.report_every_hours) == var.alarms.report_every_hours
    error_message = "alarms.report_every_hours is a whole number from 1 to 168: CloudWatch looks back a week at most."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete buckets with what is in them, and a cluster without a last snapshot (Serverless leaves none in any case). For trials."
  type        = bool
  default     = false
}
