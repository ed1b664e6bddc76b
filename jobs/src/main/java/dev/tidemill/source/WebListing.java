package dev.tidemill.source;

import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Pages by address. Each address, and each one it redirects to, is checked before it is fetched: only
/// http and https, and no host that resolves into this machine or a private network, so that a list of
/// addresses cannot read what only the server can reach. The check and the connection use the same
/// resolution, which the JVM keeps for its cache time.
final class WebListing implements Listing {

    private static final int MAX_REDIRECTS = 5;
    private static final Duration MAX_RETRY_AFTER = Duration.ofSeconds(30);

    private final WebLimits limits;
    private final Path spool;
    private final List<String> addresses;
    private final HttpClient client;
    private int next;

    WebListing(String location, WebLimits limits, Path spool) throws IOException {
        this.limits = limits;
        this.spool = spool;
        this.addresses = isAddress(location) ? List.of(location) : read(Path.of(location));
        this.client = HttpClient.newBuilder()
                .connectTimeout(limits.timeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    static boolean isAddress(String location) {
        String lower = location.strip().toLowerCase(Locale.ROOT);
        return lower.startsWith("http://") || lower.startsWith("https://");
    }

    private static List<String> read(Path file) throws IOException {
        LinkedHashSet<String> addresses = new LinkedHashSet<>();
        for (String line : Files.readAllLines(file)) {
            String address = line.strip();
            if (!address.isEmpty() && !address.startsWith("#")) {
                addresses.add(address);
            }
        }
        return List.copyOf(addresses);
    }

    @Override
    public @Nullable SourceItem next() {
        if (next == addresses.size()) {
            return null;
        }
        String address = addresses.get(next++);
        try {
            return fetch(address);
        } catch (Refusal e) {
            return item(address, address, Map.of(), new SourceItem.Unavailable(e.reason, e.detail));
        }
    }

    private SourceItem fetch(String address) throws Refusal {
        Duration wait = limits.backoff();
        for (int attempt = 1; ; attempt++) {
            try {
                return follow(address);
            } catch (Again e) {
                if (attempt >= limits.attempts()) {
                    throw new Refusal(RefusalReason.UNREADABLE, e.getMessage() + ", after " + attempt + " attempts");
                }
                pause(e.retryAfter == null ? wait : e.retryAfter);
                wait = wait.multipliedBy(2);
            }
        }
    }

    private static void pause(Duration wait) {
        long until = System.nanoTime() + wait.toNanos();
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime());
            if (Thread.currentThread().isInterrupted()) {
                throw new SourceUnavailable("interrupted while waiting to fetch again");
            }
        }
    }

    private SourceItem follow(String address) throws Refusal, Again {
        URI uri = uri(address);
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            requirePublic(uri);
            HttpResponse<InputStream> response = send(uri);
            try (InputStream body = response.body()) {
                int status = response.statusCode();
                if (status >= 300 && status < 400) {
                    URI from = uri;
                    uri = response.headers()
                            .firstValue("location")
                            .map(target -> from.resolve(uriOrSelf(target, from)))
                            .orElseThrow(() -> new Refusal(
                                    RefusalReason.UNREADABLE, from + " answered " + status + " without a location"));
                } else if (status == 429 || status >= 500) {
                    throw new Again(uri + " answered " + status, retryAfter(response));
                } else if (status != 200) {
                    throw new Refusal(RefusalReason.UNREADABLE, uri + " answered " + status);
                } else {
                    return download(address, uri, response, body);
                }
            } catch (IOException e) {
                throw new Again(uri + " broke off: " + e.getMessage(), null);
            }
        }
        throw new Refusal(RefusalReason.UNREADABLE, address + " redirects more than " + MAX_REDIRECTS + " times");
    }

    private HttpResponse<InputStream> send(URI uri) throws Again {
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(limits.timeout())
                .header("User-Agent", "Tidemill")
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw new Again(uri + " cannot be reached: " + e, null);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SourceUnavailable("interrupted while fetching " + uri, e);
        }
    }

    private SourceItem download(String address, URI uri, HttpResponse<InputStream> response, InputStream body)
            throws IOException, Refusal {
        long deadline = System.nanoTime() + limits.timeout().toNanos();
        Path file = Files.createTempFile(spool, "page", ".tmp");
        boolean complete = false;
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            long size = 0;
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
                size += n;
                if (size > limits.maxBytes()) {
                    throw new Refusal(RefusalReason.TOO_LARGE, uri + " is larger than " + limits.maxBytes() + " bytes");
                }
                if (System.nanoTime() > deadline) {
                    throw new Refusal(
                            RefusalReason.TIMEOUT,
                            uri + " took longer than " + limits.timeout().toSeconds() + " s");
                }
                out.write(buffer, 0, n);
            }
            complete = true;
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
        String type = response.headers().firstValue("content-type").orElse("");
        return item(address, fileName(uri, type), Map.of("address", uri.toString()), new SourceItem.OfFile(file, true));
    }

    private static SourceItem item(
            String address, String fileName, Map<String, String> metadata, SourceItem.Content content) {
        return new SourceItem(address, fileName, null, metadata, content);
    }

    private static String fileName(URI uri, String contentType) {
        String path = uri.getPath() == null ? "" : uri.getPath();
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (name.isEmpty()) {
            name = "index";
        }
        return !name.contains(".") && contentType.startsWith("text/html") ? name + ".html" : name;
    }

    private static URI uri(String address) throws Refusal {
        try {
            return new URI(address);
        } catch (java.net.URISyntaxException e) {
            throw new Refusal(RefusalReason.FORBIDDEN_ADDRESS, address + " is not an address: " + e.getReason());
        }
    }

    private static URI uriOrSelf(String target, URI self) {
        try {
            return new URI(target);
        } catch (java.net.URISyntaxException e) {
            return self;
        }
    }

    private void requirePublic(URI uri) throws Refusal, Again {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if ((!scheme.equals("http") && !scheme.equals("https")) || uri.getHost() == null || uri.getUserInfo() != null) {
            throw new Refusal(
                    RefusalReason.FORBIDDEN_ADDRESS, uri + " is not a plain http or https address with a host");
        }
        if (limits.allowPrivate()) {
            return;
        }
        try {
            for (InetAddress address : InetAddress.getAllByName(uri.getHost())) {
                if (!isPublic(address)) {
                    throw new Refusal(
                            RefusalReason.FORBIDDEN_ADDRESS,
                            uri + " leads into a private network; set ingest.web.allow-private if it is yours to read");
                }
            }
        } catch (UnknownHostException e) {
            throw new Again(uri.getHost() + " is not known", null);
        }
    }

    /// Whether an address belongs to the public internet: not loopback, link-local, private (RFC 1918,
    /// RFC 4193), shared (RFC 6598), multicast or reserved, also when written as an IPv4-mapped, 6to4
    /// or NAT64 IPv6 address.
    static boolean isPublic(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] b = address.getAddress();
        if (address instanceof Inet6Address) {
            int first = ((b[0] & 0xff) << 8) | (b[1] & 0xff);
            boolean uniqueLocal = (b[0] & 0xfe) == 0xfc;
            boolean embedsIpv4 = first == 0x2002 || first == 0x0064 || first == 0;
            return !uniqueLocal && !embedsIpv4;
        }
        int first = b[0] & 0xff;
        int second = b[1] & 0xff;
        boolean shared = first == 100 && second >= 64 && second < 128;
        boolean special = first == 0
                || first >= 240
                || (first == 192 && second == 0 && b[2] == 0)
                || (first == 198 && (second & 0xfe) == 18);
        return !shared && !special;
    }

    private static @Nullable Duration retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("retry-after")
                .filter(value -> value.length() < 6 && value.chars().allMatch(Character::isDigit))
                .map(Long::parseLong)
                .map(seconds ->
                        Duration.of(Math.min(seconds, MAX_RETRY_AFTER.toSeconds()), TimeUnit.SECONDS.toChronoUnit()))
                .orElse(null);
    }

    @Override
    public long total() {
        return addresses.size();
    }

    @Override
    public void close() {
        client.close();
    }

    /// This address is given up on.
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        private final RefusalReason reason;
        private final String detail;

        Refusal(RefusalReason reason, String message) {
            super(message);
            this.reason = reason;
            this.detail = message;
        }
    }

    /// Worth another try.
    private static final class Again extends Exception {
        private static final long serialVersionUID = 1;
        private final @Nullable Duration retryAfter;

        Again(String message, @Nullable Duration retryAfter) {
            super(message);
            this.retryAfter = retryAfter;
        }
    }
}
