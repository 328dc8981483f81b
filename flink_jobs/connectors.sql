-- name: source
-- Every source topic in one table, with the place of each record.
CREATE TABLE source_records (
    body BYTES,
    topic STRING NOT NULL METADATA VIRTUAL,
    `partition` INT NOT NULL METADATA VIRTUAL,
    `offset` BIGINT NOT NULL METADATA VIRTUAL,
    record_time TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL
) WITH (
    'connector' = 'kafka',
    'topic' = '{source_topics}',
    'properties.bootstrap.servers' = '{bootstrap}',
    'properties.group.id' = 'faregate-histories',
    'properties.auto.offset.reset' = 'earliest',
    'properties.fetch.min.bytes' = '1',
    'scan.startup.mode' = 'group-offsets',
    'format' = 'raw'
);

-- name: sink
-- Every output topic in one table; at least once, made harmless by versions.
CREATE TABLE sink_records (
    topic STRING NOT NULL METADATA,
    record_key STRING,
    body BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = '{sink_topics}',
    'properties.bootstrap.servers' = '{bootstrap}',
    'properties.linger.ms' = '2',
    'key.format' = 'raw',
    'key.fields' = 'record_key',
    'value.format' = 'raw',
    'value.fields-include' = 'EXCEPT_KEY',
    'sink.delivery-guarantee' = 'at-least-once'
);
