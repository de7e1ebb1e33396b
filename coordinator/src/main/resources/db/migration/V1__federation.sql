-- What a coordinator must remember over a restart. Times are milliseconds since the epoch, hashes lower-case hex.

create table adapter (
    hash    text    primary key,
    bytes   blob    not null
);

create table task (
    name    text    primary key,
    spec    text    not null,
    state   text    not null check (state in ('created', 'running', 'finished', 'budget-exhausted', 'failed')),
    detail  text,
    adapter text    not null references adapter (hash),
    created integer not null,
    changed integer not null
) without rowid;

-- A number is used once, whatever became of the round that had it.
create table round (
    task      text    not null references task (name),
    number    integer not null check (number >= 1),
    sid       text    not null unique,
    plan      blob    not null,
    state     text    not null check (state in ('open', 'finished', 'aborted')),
    reason    text,
    detail    text,
    survivors integer,
    epsilon   real,
    result    blob,
    opened    integer not null,
    closed    integer,
    primary key (task, number),
    check ((state = 'open') = (closed is null)),
    check ((state = 'aborted') = (reason is not null)),
    check ((state = 'finished') = (survivors is not null))
);

create unique index one_open_round_per_task on round (task) where state = 'open';

create table round_phase (
    task   text    not null,
    number integer not null,
    phase  text    not null,
    millis integer not null check (millis >= 0),
    primary key (task, number, phase),
    foreign key (task, number) references round (task, number)
) without rowid;

create table round_client (
    task       text    not null,
    number     integer not null,
    client     integer not null,
    bytes_up   integer not null check (bytes_up >= 0),
    bytes_down integer not null check (bytes_down >= 0),
    primary key (task, number, client),
    foreign key (task, number) references round (task, number)
) without rowid;

-- The lineage: which round made which adapter out of which. Round 0 is the adapter a task began with.
create table adapter_version (
    task      text    not null references task (name),
    round     integer not null check (round >= 0),
    hash      text    not null references adapter (hash),
    parent    text    references adapter (hash),
    plan      text,
    cohort    integer not null,
    survivors integer not null,
    epsilon   real,
    delta     real,
    created   integer not null,
    primary key (task, round),
    check ((round = 0) = (parent is null))
) without rowid;
