package dev.tidemill.run.alerts;

import java.net.URI;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A channel with what carries messages to it.
record Channel(String name, AlertProperties.Channel settings, Sender sender) {

    /// @param environment value of an environment variable, null where it is not set
    /// @throws IllegalArgumentException naming the variable that is missing or wrong, never its value
    static List<Channel> all(
            AlertProperties properties, Posts posts, InstantSource clock, UnaryOperator<@Nullable String> environment) {
        return properties.channels().entrySet().stream()
                .map(entry -> new Channel(
                        entry.getKey(),
                        entry.getValue(),
                        sender(entry.getKey(), entry.getValue(), properties.smtp(), posts, clock, environment)))
                .sorted(Comparator.comparing(Channel::name))
                .toList();
    }

    private static Sender sender(
            String name,
            AlertProperties.Channel channel,
            AlertProperties.@Nullable Smtp smtp,
            Posts posts,
            InstantSource clock,
            UnaryOperator<@Nullable String> environment) {
        return switch (channel.type()) {
            case WEBHOOK -> {
                String variable = String.valueOf(channel.secretEnv());
                byte[] secret = WebhookSender.secret(variable, read(name, variable, environment));
                yield new WebhookSender(posts, address(name, channel, environment), secret, clock);
            }
            case SLACK -> new SlackSender(posts, address(name, channel, environment));
            case MAIL -> {
                if (smtp == null) {
                    throw new IllegalArgumentException("tidemill.alerts.smtp is missing");
                }
                String password = smtp.passwordEnv() == null ? null : read(name, smtp.passwordEnv(), environment);
                yield new MailSender(smtp, password, channel.to());
            }
        };
    }

    private static URI address(
            String name, AlertProperties.Channel channel, UnaryOperator<@Nullable String> environment) {
        String where = channel.urlEnv() == null ? "url" : channel.urlEnv();
        String text =
                channel.urlEnv() == null ? String.valueOf(channel.url()) : read(name, channel.urlEnv(), environment);
        try {
            URI address = new URI(text);
            boolean http = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
            if (!http || address.getHost() == null) {
                throw new IllegalArgumentException("channel " + name + ": " + where + " is no http or https address");
            }
            return address;
        } catch (java.net.URISyntaxException e) {
            // Its message would show the address, which may be a secret.
            throw new IllegalArgumentException("channel " + name + ": " + where + " is no address");
        }
    }

    private static String read(String name, String variable, UnaryOperator<@Nullable String> environment) {
        String value = environment.apply(variable);
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(
                    "channel " + name + " needs the environment variable " + variable + ", which is not set");
        }
        return value.strip();
    }

    /// Whether only what is critical may be told now.
    boolean quiet(Instant now) {
        AlertProperties.Quiet hours = settings.quiet();
        if (hours == null) {
            return false;
        }
        LocalTime time = now.atZone(hours.zone()).toLocalTime();
        boolean overMidnight = hours.from().isAfter(hours.to());
        return overMidnight
                ? !time.isBefore(hours.from()) || time.isBefore(hours.to())
                : !time.isBefore(hours.from()) && time.isBefore(hours.to());
    }
}
