package dev.tidemill.run;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// How this process works on runs.
///
/// @param adopt whether it goes on with launches that other processes queued or left: a server does, a command does
///     not
/// @param concurrency runs at a time in this process
/// @param interval how often it looks for what is due, was asked to stop, or was left by a dead process
/// @param heartbeat how often it tells that it lives
/// @param lease how long that is believed
/// @param patience after how long without a heartbeat it gives its runs up by itself, less than the lease
/// @param shutdown how long its runs may take to finish their chunks when it is stopped
@ConfigurationProperties(prefix = "tidemill.runs", ignoreUnknownFields = false)
public record RunProperties(
        @DefaultValue("false") boolean adopt,
        @DefaultValue("8") int concurrency,
        @DefaultValue("1s") Duration interval,
        @DefaultValue("5s") Duration heartbeat,
        @DefaultValue("20s") Duration lease,
        @DefaultValue("15s") Duration patience,
        @DefaultValue("25s") Duration shutdown) {

    public RunProperties {
        if (concurrency < 1) {
            throw new IllegalArgumentException("tidemill.runs.concurrency is " + concurrency + ": must be at least 1");
        }
        if (interval.toMillis() < 10) {
            throw new IllegalArgumentException("tidemill.runs.interval is " + interval + ": must be at least 10ms");
        }
    }

    Heartbeat.Timing timing() {
        return new Heartbeat.Timing(heartbeat, lease, patience);
    }
}
