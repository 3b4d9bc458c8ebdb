internal import PostgresStore

/// The alerter's own record, schema `alerts`. Numbered for ever: a released migration is never edited.
enum AlertSchema {
    static let name = "alerts"

    static let migrations = [
        Migration(1, "rules, points and alerts", tables),
        Migration(2, "inbox and outbox", Inbox.tableSQL(schema: name) + Outbox.tableSQL(schema: name)),
    ]

    private static let tables = """
        create table alerts.rule (
            rule text primary key,
            revision int not null check (revision >= 1),
            document jsonb not null,
            removed boolean not null default false,
            evaluated_revision int not null default 0
        );
        create table alerts.point (
            target text not null,
            point_id text not null,
            version int not null check (version >= 1),
            measured jsonb not null,
            primary key (target, point_id)
        );
        create table alerts.alert (
            alert_id text primary key,
            rule text not null,
            rule_revision int not null,
            target text not null,
            filter text not null,
            sequence int not null check (sequence >= 0),
            retracted boolean not null,
            published jsonb not null,
            raised jsonb not null,
            raised_at timestamptz not null default now()
        );
        create index alert_target on alerts.alert (target);
        create table alerts.history (
            event_id text primary key,
            alert_id text not null,
            alert_type text not null check (alert_type in ('initial', 'update', 'retraction')),
            rule text not null,
            raised jsonb not null,
            raised_at timestamptz not null default now()
        );
        create index history_time on alerts.history (raised_at);
        """
}
