package dev.tidemill.run;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// What a run would do, without doing it.
///
/// @param counts what it would touch, in words of the job: `new documents`, `chunks` …
/// @param tokens tokens to embed
/// @param cost in the currency of the model's price, 0 where nothing is paid
/// @param time how long it would take, from measured rates
/// @param diskBytes room that it would need
/// @param notes what an operator should know before saying yes
/// @param world fingerprint of all that the plan rests on: applied later, it must still be the same
public record Plan(
        Map<String, Long> counts,
        long tokens,
        BigDecimal cost,
        Duration time,
        long diskBytes,
        List<String> notes,
        String world) {

    public Plan {
        notes = List.copyOf(notes);
    }
}
