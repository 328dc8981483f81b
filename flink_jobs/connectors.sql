-- name: live source
-- Every source topic in one table, with the place of each record. State says where to go on; without it all
-- is read again, because a history must not begin in the middle.
CREATE TABLE kafka_records (
    body BYTES,
    topic STRING METADATA VIRTUAL,
    `partition` INT METADATA VIRTUAL,
    `offset` BIGINT METADATA VIRTUAL,
    record_time TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
    'connector' = 'kafka',
    'topic' = '{source_topics}',
    'properties.bootstrap.servers' = '{bootstrap}',
    'properties.group.id' = 'faregate-histories',
    'properties.fetch.min.bytes' = '1',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'raw'
);

-- name: live records
-- The record's time as a number: a Java time would cross into Python as an object of its own.
SELECT
    body, topic, `partition`, `offset`,
    EXTRACT(EPOCH FROM record_time) * 1000 + EXTRACT(MILLISECOND FROM record_time) AS record_time_ms
FROM kafka_records;

-- name: bounded source
-- The same records from files: a JSON object a line, the body in base64.
CREATE TABLE filed_records (
    body BYTES,
    topic STRING NOT NULL,
    `partition` INT NOT NULL,
    `offset` BIGINT NOT NULL,
    record_time_ms BIGINT NOT NULL
) WITH (
    'connector' = 'filesystem',
    'path' = '{folder}',
    'format' = 'json'
);

-- name: bounded records
SELECT body, topic, `partition`, `offset`, record_time_ms FROM filed_records;

-- name: live sink
-- Every output topic in one table; at least once, made harmless by versions.
CREATE TABLE sink_records (
    topic STRING NOT NULL METADATA,
    record_key STRING,
    body BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = '{sink_topics}',
    'properties.bootstrap.servers' = '{bootstrap}',
    'properties.linger.ms' = '5',
    'properties.batch.size' = '262144',
    'key.format' = 'raw',
    'key.fields' = 'record_key',
    'value.format' = 'raw',
    'value.fields-include' = 'EXCEPT_KEY',
    'sink.delivery-guarantee' = 'at-least-once'
);

-- name: bounded sink
CREATE TABLE sink_records (
    topic STRING NOT NULL,
    record_key STRING,
    body BYTES
) WITH (
    'connector' = 'filesystem',
    'path' = '{folder}',
    'format' = 'json'
);

-- name: send
INSERT INTO sink_records SELECT f0, f1, f2 FROM outgoing;
