package dev.tidemill.admin.runs;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// How live progress is told.
///
/// @param interval how often the database is asked, for all listeners together
/// @param heartbeat after how long without news a listener is sent a comment, which also finds out that it left
/// @param listeners most at a time
@ConfigurationProperties(prefix = "tidemill.events", ignoreUnknownFields = false)
public record EventProperties(
        @DefaultValue("1s") Duration interval,
        @DefaultValue("10s") Duration heartbeat,
        @DefaultValue("200") int listeners) {

    public EventProperties {
        if (interval.toMillis() < 100) {
            throw new IllegalArgumentException("tidemill.events.interval is " + interval + ": must be at least 100ms");
        }
        if (heartbeat.toMillis() < 100) {
            throw new IllegalArgumentException(
                    "tidemill.events.heartbeat is " + heartbeat + ": must be at least 100ms");
        }
        if (listeners < 1) {
            throw new IllegalArgumentException("tidemill.events.listeners is " + listeners + ": must be at least 1");
        }
    }
}
