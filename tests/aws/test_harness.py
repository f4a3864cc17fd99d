import time

from tests.conftest import event


def test_quick(aws, spark_runner):
    aws.glue.runner = spark_runner
    aws.create_job()
    aws.put_raw("2026-01-05T13", [event(), event(user="u2")])
    import boto3

    A = {
        "--unit": "2026-01-05T13",
        "--force": "true",
        "--raw": aws.lake.raw,
        "--processed": aws.lake.processed,
        "--quarantine": aws.lake.quarantine,
    }
    for i in range(4):
        t = time.time()
        run = aws.glue.start(Arguments=A)
        if i == 2:
            run.dies_after = 6
        run.ended.wait(60)
        print(time.time() - t, run.state, run.error)
        print(aws.boto("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run.id)["events"])
    print(aws.list(aws.lake.processed))
    print(aws.calls.counts)
    run = aws.glue.start(Arguments=A)
    while run.state != "RUNNING":
        time.sleep(0.01)
    time.sleep(0.3)
    print(boto3.client("glue").batch_stop_job_run(JobName="clickstream", JobRunIds=[run.id, "jr_1"]))
    run.ended.wait(10)
    print(run.state)
    for e in aws.boto("logs").get_log_events(logGroupName="/aws-glue/jobs/error", logStreamName=aws.glue.runs[0].id)[
        "events"
    ]:
        print(e["message"])
    assert 0
