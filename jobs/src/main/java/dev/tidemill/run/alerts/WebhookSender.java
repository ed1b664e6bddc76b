package dev.tidemill.run.alerts;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.json.JsonMapper;

/// Signs as Standard Webhooks 1.0 say: `v1,` and the HMAC-SHA256 of `id.timestamp.body`.
final class WebhookSender implements Sender {

    private static final String PREFIX = "whsec_";
    private static final int SHORTEST_SECRET = 24;

    private final Posts posts;
    private final URI address;
    private final byte[] secret;
    private final InstantSource clock;

    WebhookSender(Posts posts, URI address, byte[] secret, InstantSource clock) {
        this.posts = posts;
        this.address = address;
        this.secret = secret.clone();
        this.clock = clock;
    }

    /// @throws IllegalArgumentException without the secret in its message
    static byte[] secret(String variable, String text) {
        if (!text.startsWith(PREFIX)) {
            throw new IllegalArgumentException(variable + " does not begin with " + PREFIX + ": make a secret with"
                    + " `echo whsec_$(openssl rand -base64 32)`");
        }
        byte[] secret;
        try {
            secret = Base64.getDecoder().decode(text.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(variable + " is no Base64 after " + PREFIX, e);
        }
        if (secret.length < SHORTEST_SECRET) {
            throw new IllegalArgumentException(
                    variable + " holds " + secret.length + " bytes: use at least " + SHORTEST_SECRET);
        }
        return secret;
    }

    @Override
    public Answer send(Message message) {
        String id = message.id().toString();
        String timestamp = Long.toString(clock.instant().getEpochSecond());
        byte[] body = body(message);
        return posts.post(
                address,
                body,
                Map.of(
                        "webhook-id", id,
                        "webhook-timestamp", timestamp,
                        "webhook-signature", "v1," + sign(id, timestamp, body)));
    }

    /// The newest event, and under `earlier` those that came before it.
    static byte[] body(Message message) {
        Map<String, Object> data = new LinkedHashMap<>(message.newest().view());
        if (message.events().size() > 1) {
            List<Map<String, Object>> earlier = message
                    .events()
                    .subList(0, message.events().size() - 1)
                    .stream()
                    .map(Message.Told::view)
                    .toList();
            data.put("earlier", earlier);
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", message.newest().type());
        body.put("timestamp", message.newest().at().toString());
        body.put("data", data);
        return JsonMapper.shared().writeValueAsBytes(body);
    }

    private String sign(String id, String timestamp, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
