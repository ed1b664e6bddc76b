package dev.tidemill.run;

import java.util.Map;

/// A request checked against the world.
///
/// @param subject what the run works on, for example `ingest of directory /notes into project default`; while it
///     does, no other run of the workspace may
/// @param parameters all that the run is to know: the declared ones and what was found out about them
public record Prepared(String subject, Map<String, String> parameters) {

    public Prepared {
        parameters = Map.copyOf(parameters);
    }
}
