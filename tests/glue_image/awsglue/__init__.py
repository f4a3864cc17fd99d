"""What of Glue's own library the job uses, which is on no package index: on the path of scripts as in Glue's image."""
