package dev.tidemill.run.alerts;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Speaks to Slack's incoming webhooks and to what understands the same body (Mattermost, Rocket.Chat).
final class SlackSender implements Sender {

    /// Slack takes 50 blocks and 3,000 characters in each.
    private static final int MOST_BLOCKS = 40;

    private static final int LONGEST = 2_900;

    private final Posts posts;
    private final URI address;

    SlackSender(Posts posts, URI address) {
        this.posts = posts;
        this.address = address;
    }

    @Override
    public Answer send(Message message) {
        return posts.post(address, body(message), Map.of());
    }

    static byte[] body(Message message) {
        List<Map<String, Object>> blocks = new ArrayList<>();
        List<Message.Told> events = message.events();
        for (Message.Told event : events.subList(Math.max(0, events.size() - MOST_BLOCKS), events.size())) {
            String text = "*"
                    + escape(event.resolved() ? "resolved" : event.severity().column()) + "* `" + escape(event.type())
                    + "` " + escape(event.at().toString()) + "\n" + escape(event.message());
            blocks.add(Map.of("type", "section", "text", Map.of("type", "mrkdwn", "text", cut(text))));
        }
        String text = cut(escape(message.title() + ": " + message.newest().message()));
        return JsonMapper.shared().writeValueAsBytes(Map.of("text", text, "blocks", blocks));
    }

    /// The three characters that Slack reads as its own.
    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static String cut(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    }
}
