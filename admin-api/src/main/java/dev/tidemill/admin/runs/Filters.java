package dev.tidemill.admin.runs;

import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.run.RunState;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/// Reads the filters of the list of runs, and says what is wrong with them.
final class Filters {

    private static final List<String> STATUSES =
            List.of("STARTING", "STARTED", "STOPPING", "STOPPED", "COMPLETED", "FAILED", "ABANDONED", "UNKNOWN");
    private static final int LONGEST_TEXT = 200;

    private Filters() {}

    static @Nullable String status(@Nullable String given) {
        if (given == null) {
            return null;
        }
        String status = given.toUpperCase(Locale.ROOT);
        if (!STATUSES.contains(status)) {
            throw new BadRequest("status", "status is \"" + given + "\": use " + String.join(", ", STATUSES));
        }
        return status;
    }

    static @Nullable RunState state(@Nullable String given) {
        if (given == null) {
            return null;
        }
        return Arrays.stream(RunState.values())
                .filter(state -> state.name().equalsIgnoreCase(given))
                .findFirst()
                .orElseThrow(() -> new BadRequest(
                        "state",
                        "state is \"" + given + "\": use "
                                + Arrays.stream(RunState.values())
                                        .map(RunState::name)
                                        .collect(Collectors.joining(", "))));
    }

    /// A day, which begins at midnight UTC, or a time with its offset.
    static @Nullable Instant time(String name, @Nullable String given) {
        if (given == null) {
            return null;
        }
        try {
            return given.contains("T")
                    ? OffsetDateTime.parse(given).toInstant()
                    : LocalDate.parse(given).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeException e) {
            throw new BadRequest(
                    name, name + " is \"" + given + "\": use a day as 2026-02-01 or a time as 2026-02-01T08:00:00Z");
        }
    }

    static Map<String, String> parameters(@Nullable List<String> given) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String one : given == null ? List.<String>of() : given) {
            int border = one.indexOf(':');
            if (border < 1) {
                throw new BadRequest("parameter", "parameter is \"" + one + "\": use name:value");
            }
            if (parameters.put(one.substring(0, border), one.substring(border + 1)) != null) {
                throw new BadRequest("parameter", "parameter " + one.substring(0, border) + " is named twice");
            }
        }
        return parameters;
    }

    static @Nullable String text(@Nullable String given) {
        if (given == null) {
            return null;
        }
        if (given.isBlank() || given.length() > LONGEST_TEXT) {
            throw new BadRequest("text", "text must have 1 to " + LONGEST_TEXT + " characters");
        }
        return given.strip();
    }

    /// The current address, for the runs before one.
    static String nextPage(long before) {
        return ServletUriComponentsBuilder.fromCurrentRequest()
                .replaceQueryParam("before", before)
                .build()
                .toUriString();
    }
}
