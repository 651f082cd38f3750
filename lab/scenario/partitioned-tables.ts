import { day, oneOf, properties, type TableSpec, time, word } from './table-spec.ts'

const db = 'logs'
const cities = ['beijing', 'shanghai', "o'brien", 'a"b', 'paris']

/** Tables of every kind of partitioning. */
export function partitionedTables(): TableSpec[] {
  return [
    {
      db,
      name: 'range_int',
      body: `(id INT NOT NULL, v STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("100"), PARTITION p2 VALUES LESS THAN ("200"), PARTITION p3 VALUES LESS THAN ("300")) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties()}`,
      // Buckets of its own for one partition, and a gap before the next.
      after: [
        'ALTER TABLE logs.range_int ADD PARTITION p5 VALUES [("400"), ("500")) DISTRIBUTED BY HASH(id) BUCKETS 5',
      ],
      row: (n, random) => [oneOf([n % 300, 400 + (n % 100)], n), word(random)],
      rows: 150,
      deleteBy: 'id',
      partitions: [{ name: 'p2', clause: 'PARTITION p2 VALUES [("100"), ("200"))' }],
    },
    {
      db,
      name: 'range_bigint_max',
      body: `(id BIGINT NOT NULL, v INT) PRIMARY KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("1000"), PARTITION p_max VALUES LESS THAN (MAXVALUE)) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties()}`,
      row: (n) => [n * 37, n],
      rows: 80,
      deleteBy: 'id',
      alterable: true,
    },
    {
      db,
      name: 'range_date',
      body: `(dt DATE NOT NULL, id INT, v STRING) DUPLICATE KEY(dt, id) PARTITION BY RANGE(dt) (PARTITION p202401 VALUES LESS THAN ("2024-02-01"), PARTITION p202402 VALUES LESS THAN ("2024-03-01"), PARTITION p202403 VALUES LESS THAN ("2024-04-01")) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties()}`,
      row: (n, random) => [day(n), n, word(random)],
      rows: 120,
      deleteBy: 'id',
      partitions: [
        { name: 'p202402', clause: 'PARTITION p202402 VALUES [("2024-02-01"), ("2024-03-01"))' },
        { name: 'p202403', clause: 'PARTITION p202403 VALUES [("2024-03-01"), ("2024-04-01"))' },
      ],
    },
    {
      db,
      name: 'range_datetime',
      body: `(ts DATETIME NOT NULL, id INT) DUPLICATE KEY(ts) PARTITION BY RANGE(ts) (START ("2024-01-01") END ("2024-04-01") EVERY (INTERVAL 1 MONTH)) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [time(n), n],
      rows: 60,
      deleteBy: 'id',
    },
    {
      db,
      name: 'range_multi',
      body: `(dt DATE NOT NULL, id INT NOT NULL, v INT) DUPLICATE KEY(dt, id) PARTITION BY RANGE(dt, id) (PARTITION p1 VALUES LESS THAN ("2024-01-20", "100"), PARTITION p2 VALUES LESS THAN ("2024-04-01", "5")) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [day(n, 80), n, n % 7],
      rows: 60,
    },
    {
      db,
      name: 'range_str2date',
      body: `(dt VARCHAR(10) NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(str2date(dt, '%Y-%m-%d')) (PARTITION p1 VALUES LESS THAN ("2024-02-01"), PARTITION p2 VALUES LESS THAN ("2024-05-01")) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [day(n), n],
      rows: 40,
      since: '3.3',
    },
    {
      db,
      name: 'range_unixtime',
      body: `(ts BIGINT NOT NULL, id INT) DUPLICATE KEY(ts) PARTITION BY RANGE(from_unixtime(ts)) (START ("2024-01-01") END ("2024-01-06") EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [1_704_067_200 + ((n * 3600) % 432_000), n],
      rows: 40,
      since: '3.3',
    },
    {
      db,
      name: 'dynamic',
      body: `(dt DATE, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) () DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties(
        {
          'dynamic_partition.enable': 'true',
          'dynamic_partition.time_unit': 'DAY',
          'dynamic_partition.start': '-3',
          'dynamic_partition.end': '3',
          'dynamic_partition.prefix': 'p',
          'dynamic_partition.buckets': '2',
        },
      )}`,
      row: (n) => [new Date().toISOString().slice(0, 10), n],
      rows: 10,
    },
    {
      db,
      name: 'list_one',
      body: `(id INT, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION pa VALUES IN ('beijing','shanghai'), PARTITION pb VALUES IN ('o''brien', 'a"b'), PARTITION pc VALUES IN ('paris')) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n, oneOf(cities, n)],
      rows: 50,
      deleteBy: 'id',
      partitions: [{ name: 'pc', clause: "PARTITION pc VALUES IN ('paris')" }],
    },
    {
      db,
      name: 'list_multi',
      body: `(id INT, dt DATE NOT NULL, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(dt, city) (PARTITION pa VALUES IN (('2024-01-01','beijing'),('2024-01-02','beijing')), PARTITION pb VALUES IN (('2024-01-01','paris'))) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) =>
        oneOf(
          [
            [n, '2024-01-01', 'beijing'],
            [n, '2024-01-02', 'beijing'],
            [n, '2024-01-01', 'paris'],
          ],
          n,
        ),
      rows: 30,
    },
    {
      db,
      name: 'list_null',
      body: `(id INT, city VARCHAR(20) NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION pn VALUES IN (NULL), PARTITION pa VALUES IN ('a')) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      // CREATE takes NULL and its text for duplicates.
      after: [`ALTER TABLE ${db}.list_null ADD PARTITION ps VALUES IN ('NULL')`],
      row: (n) => [n, oneOf([null, 'a', 'NULL'], n)],
      rows: 30,
      since: '3.3',
    },
    {
      db,
      name: 'automatic_list',
      body: `(id INT, city VARCHAR(20) NOT NULL, dt DATE NOT NULL) DUPLICATE KEY(id) PARTITION BY (dt, city) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [n, oneOf(['beijing', 'paris', 'rome'], n), day(n, 3)],
      rows: 40,
      deleteBy: 'id',
    },
    {
      db,
      name: 'trunc_day',
      body: `(dt DATETIME NOT NULL, id INT, v STRING) DUPLICATE KEY(dt, id) PARTITION BY date_trunc('day', dt) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties()}`,
      row: (n, random) => [time(n, 24 * 6), n, word(random)],
      rows: 100,
      deleteBy: 'id',
    },
    {
      db,
      name: 'trunc_hour',
      body: `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc('hour', dt) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [time(n, 6), n],
      rows: 30,
    },
    {
      db,
      name: 'trunc_month',
      body: `(id BIGINT NOT NULL, dt DATETIME NOT NULL, v INT) PRIMARY KEY(id, dt) PARTITION BY date_trunc('month', dt) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties()}`,
      row: (n) => [n, `${day(n)} 10:00:00`, n % 10],
      rows: 60,
      deleteBy: 'id',
    },
    {
      db,
      name: 'trunc_year',
      body: `(dt DATE NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc('year', dt) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [`${2020 + (n % 5)}-06-01`, n],
      rows: 25,
    },
    {
      db,
      name: 'trunc_week',
      body: `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc('week', dt) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [`${day(n, 28)} 00:00:00`, n],
      rows: 28,
      since: '3.5',
    },
    {
      db,
      name: 'slice_week',
      body: `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY time_slice(dt, INTERVAL 7 day) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties()}`,
      row: (n) => [`${day(n, 28)} 12:00:00`, n],
      rows: 28,
    },
  ]
}
