"""AWS for tests: moto's server over HTTP, with faults, with job runs that run, and with what moto lacks."""
