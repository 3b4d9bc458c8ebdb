/// Zero points of frames, and what closed nights say of instruments and filters.
enum ZeroPointTables {
    /// Of several rows of one frame version and kind of flux the last closing's is current, then the last one added;
    /// that the catalogue could not be used says less than anything else.
    static let sql = """
        create table archive.zero_point (
            zero_point_id text primary key,
            number bigint not null generated always as identity,
            revision int not null check (revision >= 0),
            frame_id text not null,
            recipe text not null,
            flux_kind text not null check (flux_kind in ('aperture', 'psf', 'auto')),
            instrument text not null,
            night text not null,
            filter text not null,
            midpoint_mjd_utc float8 not null,
            catalogue text,
            catalogue_digest text,
            band text,
            mag_system text check (mag_system in ('AB', 'Vega')),
            zero_point float8,
            zero_point_err float8 check (zero_point_err > 0),
            colour_term float8,
            colour_term_err float8 check (colour_term_err >= 0),
            stars int check (stars > 0),
            scatter float8 check (scatter >= 0),
            airmass float8 check (airmass >= 0.9),
            transparency float8 check (transparency > 0),
            transparency_err float8 check (transparency_err >= 0),
            reason_code text,
            reason text,
            solution jsonb,
            foreign key (frame_id, recipe) references archive.frame_version,
            constraint solved_or_reason check (num_nonnulls(solution, reason) = 1),
            constraint solved_is_whole check (
                solution is null or num_nulls(catalogue, band, mag_system, zero_point, zero_point_err, stars) = 0)
        );
        create index zero_point_frame on archive.zero_point (frame_id, recipe, flux_kind);
        create index zero_point_night on archive.zero_point (instrument, night, filter);
        create view archive.current_zero_point as
            select distinct on (frame_id, recipe, flux_kind) * from archive.zero_point
            order by frame_id, recipe, flux_kind, reason_code is distinct from 'catalogueUnavailable' desc,
                revision desc, number desc;
        create table archive.calibration_state (
            instrument text not null,
            filter text not null,
            band text not null,
            colour text not null,
            night text not null,
            state jsonb not null,
            primary key (instrument, filter, band, colour, night)
        );
        """
}
