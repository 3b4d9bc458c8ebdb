/// Comparison sequences, and what their check stars were measured at.
enum SequenceSchema {
    /// Which target a sequence is for its document says, by one of the target's names. `check_star` has the current
    /// version of each point whose frame shows the check star well.
    static let tables = """
        create table archive.sequence (
            sequence text primary key,
            revision int not null check (revision >= 1),
            document jsonb not null,
            removed boolean not null default false
        );
        create view archive.check_star as
            select target, point_id as frame_id, instrument, night, filter, mid_mjd_utc, provisional,
                payload->'checkStar'->>'sequence' as sequence, payload->'checkStar'->>'id' as star, mag_system,
                (payload->'checkStar'->>'magnitude')::float8 as mag,
                (payload->'checkStar'->>'magnitudeError')::float8 as mag_err,
                (payload->'checkStar'->>'catalogueMagnitude')::float8 as catalogue_mag,
                (payload->'checkStar'->>'residual')::float8 as residual,
                (payload->'checkStar'->>'residualError')::float8 as residual_err
            from archive.light_curve where not withdrawn and payload ? 'checkStar';
        """
}
