package dev.tidemill.run.alerts;

import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// Who is told of what.
///
/// @param channels by name
/// @param smtp the server that mail is handed to, for channels of type mail
/// @param interval how often it is looked for events
/// @param group events of one trouble within this time are told together
/// @param giveUpAfter how long a message is tried
/// @param keep how long events and the delivery log are kept
/// @param deadLetters open dead letters of a job, made within an hour, from which on it is told
@ConfigurationProperties(prefix = "tidemill.alerts", ignoreUnknownFields = false)
public record AlertProperties(
        @DefaultValue Map<String, Channel> channels,
        @Nullable Smtp smtp,
        @DefaultValue("1s") Duration interval,
        @DefaultValue("60s") Duration group,
        @DefaultValue("72h") Duration giveUpAfter,
        @DefaultValue("30d") Duration keep,
        @DefaultValue("100") long deadLetters) {

    public AlertProperties {
        channels = Map.copyOf(channels);
        if (interval.toMillis() < 10) {
            throw new IllegalArgumentException("tidemill.alerts.interval is " + interval + ": must be at least 10ms");
        }
        if (deadLetters < 1) {
            throw new IllegalArgumentException(
                    "tidemill.alerts.dead-letters is " + deadLetters + ": must be at least 1");
        }
        for (Map.Entry<String, Channel> channel : channels.entrySet()) {
            channel.getValue().check("tidemill.alerts.channels." + channel.getKey(), smtp != null);
        }
    }

    /// What a channel is.
    public enum Type {
        /// signed as Standard Webhooks say
        WEBHOOK,
        /// a body that Slack and what is compatible with it understand
        SLACK,
        MAIL
    }

    /// One receiver. Secrets are never written here: `…Env` names the environment variable that holds one.
    ///
    /// @param url address of a webhook that is no secret
    /// @param urlEnv variable with an address that is one, as Slack's are
    /// @param secretEnv variable with the signing secret of a webhook, `whsec_…`
    /// @param to addresses for mail
    /// @param events types told, `*` at the end stands for any rest
    /// @param minSeverity what matters less is not told
    /// @param digest collect events for this long and tell them together; null for at once
    /// @param quiet hours in which only what is critical is told; the rest follows after
    public record Channel(
            Type type,
            @Nullable String url,
            @Nullable String urlEnv,
            @Nullable String secretEnv,
            @DefaultValue List<String> to,
            @DefaultValue("*") List<String> events,
            @DefaultValue("warning") Severity minSeverity,
            @Nullable Duration digest,
            @Nullable Quiet quiet) {

        public Channel {
            to = List.copyOf(to);
            events = List.copyOf(events);
        }

        private void check(String name, boolean smtp) {
            switch (type) {
                case WEBHOOK -> {
                    oneAddress(name);
                    if (secretEnv == null) {
                        throw new IllegalArgumentException(
                                name + " has no secret-env: name the environment variable with its signing secret");
                    }
                }
                case SLACK -> oneAddress(name);
                case MAIL -> {
                    if (to.isEmpty()) {
                        throw new IllegalArgumentException(name + " has no address: name some under `to`");
                    }
                    if (!smtp) {
                        throw new IllegalArgumentException(
                                name + " sends mail: set tidemill.alerts.smtp.host and .from");
                    }
                }
            }
        }

        private void oneAddress(String name) {
            if ((url == null) == (urlEnv == null)) {
                throw new IllegalArgumentException(
                        name + " must have either url or, where the address is a secret, url-env");
            }
        }

        boolean wants(String eventType, Severity severity) {
            // The end of a trouble goes where the trouble went.
            String told = eventType.endsWith(".resolved")
                    ? eventType.substring(0, eventType.length() - ".resolved".length())
                    : eventType;
            return severity.compareTo(minSeverity) >= 0
                    && events.stream()
                            .anyMatch(wanted -> wanted.endsWith("*")
                                    ? told.startsWith(wanted.substring(0, wanted.length() - 1))
                                    : told.equals(wanted) || eventType.equals(wanted));
        }
    }

    /// Hours of rest, every day; they may go over midnight.
    ///
    /// @param zone whose clock it is
    public record Quiet(
            LocalTime from,
            LocalTime to,
            @DefaultValue("UTC") ZoneId zone) {}

    /// How mail is handed in.
    ///
    /// @param from the sender's address
    /// @param passwordEnv variable with the password, null for no login
    public record Smtp(
            String host,
            @DefaultValue("587") int port,
            String from,
            @Nullable String username,
            @Nullable String passwordEnv,
            @DefaultValue("starttls") Tls tls) {}

    /// How the connection to the mail server is protected.
    public enum Tls {
        /// not at all: for a server on this machine
        NONE,
        /// begins in the clear, and refuses to go on without TLS
        STARTTLS,
        /// TLS from the first byte, usually port 465
        SMTPS
    }
}
