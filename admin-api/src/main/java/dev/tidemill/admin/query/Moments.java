package dev.tidemill.admin.query;

import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.RunHistory;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What `asOf` stands for: a time, or the end of a run.
final class Moments {

    private static final Instant EARLIEST = Instant.EPOCH;
    private static final Pattern RUN = Pattern.compile("run:([0-9]{1,18})");

    private final RunHistory runs;

    Moments(RunHistory runs) {
        this.runs = runs;
    }

    /// The time that is meant.
    ///
    /// @param given null for the corpus of now
    /// @param now what is still to come cannot be asked about
    /// @throws NotFound when the workspace has no such run
    /// @throws RunConflict when the run has not ended
    @Nullable
    Instant time(UUID workspaceId, @Nullable String given, Instant now) {
        if (given == null) {
            return null;
        }
        Matcher run = RUN.matcher(given);
        return run.matches() ? end(workspaceId, Long.parseLong(run.group(1))) : time(given, now);
    }

    private Instant end(UUID workspaceId, long runId) {
        RunHistory.End end = runs.end(workspaceId, runId)
                .orElseThrow(() -> new NotFound("asOf is run:" + runId + ": this workspace has no run " + runId
                        + ", or its history was pruned; give a time instead"));
        if (end.at() == null) {
            throw new RunConflict(
                    "asOf is run:" + runId + ", and run " + runId
                            + " has not ended: wait for its end, or leave asOf out for the corpus of now",
                    runId);
        }
        return end.at();
    }

    private static Instant time(String given, Instant now) {
        Instant time;
        try {
            time = OffsetDateTime.parse(given).toInstant();
        } catch (DateTimeParseException e) {
            throw new BadRequest(
                    "asOf",
                    "asOf is \"" + given + "\": use a time with its offset, for example 2026-03-01T12:00:00Z, or the"
                            + " number of a run, for example run:12");
        }
        if (time.isAfter(now)) {
            throw new BadRequest("asOf", "asOf is " + time + ", which is still to come: give a time of the past");
        }
        if (time.isBefore(EARLIEST)) {
            throw new BadRequest("asOf", "asOf is " + time + ": give a time after " + EARLIEST);
        }
        return time;
    }
}
