package dev.tidemill.postgres;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The address of a PostgreSQL database with its login, read from the forms that `DATABASE_URL` comes in.
/// Neither its text form nor any error shows the password.
///
/// @param hosts `host:port`, several separated by commas
/// @param options the driver's parameters, without user and password
public record DatabaseUrl(
        String hosts,
        String database,
        @Nullable String username,
        @Nullable String password,
        Map<String, String> options) {

    private static final Pattern SCHEME = Pattern.compile("^(jdbc:postgresql|postgres(?:ql)?(?:\\+[a-z0-9]+)?)://");
    private static final Pattern HOST = Pattern.compile("(?:\\[[0-9A-Fa-f:.%]+]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?");

    /// libpq's names of the parameters that the JDBC driver calls otherwise.
    private static final Map<String, String> DRIVER_NAMES = Map.of(
            "application_name", "ApplicationName",
            "connect_timeout", "connectTimeout",
            "target_session_attrs", "targetServerType");

    public DatabaseUrl {
        options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    /// Reads `postgres://`, `postgresql://` (also with a driver's name, `postgresql+asyncpg://`) and
    /// `jdbc:postgresql://`.
    ///
    /// @throws IllegalArgumentException saying what is wrong with the address, without its password
    public static DatabaseUrl parse(String url) {
        String trimmed = url.strip();
        var scheme = SCHEME.matcher(trimmed);
        if (!scheme.find()) {
            throw new IllegalArgumentException(
                    "The database URL must begin with postgres://, postgresql:// or jdbc:postgresql://, but begins with "
                            + beginning(trimmed));
        }
        String rest = trimmed.substring(scheme.end());
        int question = rest.indexOf('?');
        String query = question < 0 ? "" : rest.substring(question + 1);
        String address = question < 0 ? rest : rest.substring(0, question);
        int at = address.lastIndexOf('@');
        String login = at < 0 ? "" : address.substring(0, at);
        String location = address.substring(at + 1);
        int slash = location.indexOf('/');
        String hosts = slash < 0 ? location : location.substring(0, slash);
        String database = slash < 0 ? "" : decode(location.substring(slash + 1), "database name");

        if (database.isEmpty()) {
            throw new IllegalArgumentException(
                    "The database URL names no database; write it after the host: postgres://user@host:5432/name");
        }
        if (database.indexOf('/') >= 0) {
            throw new IllegalArgumentException(
                    "The database URL has a '/' in its database name; write an '@', '/' or '?' of a user or password in"
                            + " percent-encoding (%40, %2F, %3F)");
        }
        Map<String, String> options = options(query);
        String username = options.remove("user");
        String password = options.remove("password");
        if (!login.isEmpty()) {
            int colon = login.indexOf(':');
            username = decode(colon < 0 ? login : login.substring(0, colon), "user");
            password = colon < 0 ? password : decode(login.substring(colon + 1), "password");
        }
        return new DatabaseUrl(checkedHosts(hosts), database, username, password, options);
    }

    /// The address for the JDBC driver, without user and password.
    public String jdbcUrl() {
        String query = options.entrySet().stream()
                .map(option -> encode(option.getKey()) + "=" + encode(option.getValue()))
                .collect(Collectors.joining("&"));
        return "jdbc:postgresql://" + hosts + "/" + encode(database) + (query.isEmpty() ? "" : "?" + query);
    }

    @Override
    public String toString() {
        String login = username == null ? "" : encode(username) + (password == null ? "" : ":***") + "@";
        return "postgresql://" + login + hosts + "/" + encode(database);
    }

    private static String checkedHosts(String hosts) {
        if (hosts.isEmpty()) {
            return "localhost:5432";
        }
        return Pattern.compile(",")
                .splitAsStream(hosts)
                .map(DatabaseUrl::checkedHost)
                .collect(Collectors.joining(","));
    }

    private static String checkedHost(String host) {
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException(
                    "The database URL has no readable host:port before the database name; write an '@', '/' or '?' of a user"
                            + " or password in percent-encoding (%40, %2F, %3F)");
        }
        int colon = host.lastIndexOf(':');
        if (colon < 0 || host.endsWith("]")) {
            return host + ":5432";
        }
        int port = Integer.parseInt(host.substring(colon + 1));
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("The database URL has port " + port + "; a port is between 1 and 65535");
        }
        return host;
    }

    private static Map<String, String> options(String query) {
        Map<String, String> options = new LinkedHashMap<>();
        Pattern.compile("&")
                .splitAsStream(query)
                .filter(part -> !part.isEmpty())
                .forEach(part -> {
                    int equals = part.indexOf('=');
                    if (equals <= 0) {
                        throw new IllegalArgumentException(
                                "The database URL has an option without a value; write ?name=value");
                    }
                    String name = decode(part.substring(0, equals), "option name");
                    options.put(
                            DRIVER_NAMES.getOrDefault(name, name),
                            decode(part.substring(equals + 1), "option " + name));
                });
        return options;
    }

    private static String decode(String text, String what) {
        try {
            // A plus sign means itself here; URLDecoder is made for forms, where it is a space.
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException malformed) {
            // The cause would quote the text, which may be the password.
            throw new IllegalArgumentException("The database URL's " + what
                    + " has a '%' that is not followed by two hexadecimal digits; write it %25");
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String beginning(String url) {
        int colon = url.indexOf("://");
        return colon > 0 && colon < 30
                ? url.substring(0, colon + 3).toLowerCase(Locale.ROOT)
                : "something else (no scheme)";
    }
}
