package dev.tidemill.admin.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Answers and hits as text.
final class AnswerText {

    private AnswerText() {}

    static void print(JsonNode answer, PrintWriter out) {
        note(answer, out);
        if (answer.path("status").asString("").equals("abstained")) {
            out.println("No answer: " + answer.path("message").asString(""));
            return;
        }
        out.println(answer.path("answer").asString(""));
        out.println();
        for (JsonNode citation : answer.path("citations")) {
            out.println("[" + citation.path("number").asInt() + "] " + place(citation) + ": \""
                    + Output.shortened(citation.path("quote").asString(""), 300) + "\"");
        }
    }

    static void hits(JsonNode result, PrintWriter out) {
        note(result, out);
        if (result.path("hits").isEmpty()) {
            out.println("Nothing found.");
        }
        for (JsonNode hit : result.path("hits")) {
            out.println(hit.path("rank").asInt() + ". " + place(hit));
            if (hit.has("explain")) {
                out.println("   " + hit.path("explain"));
            }
            out.println("   " + Output.shortened(hit.path("text").asString(""), 240));
        }
    }

    /// What an answer about the past lacks.
    private static void note(JsonNode answer, PrintWriter out) {
        if (answer.path("asOf").hasNonNull("note")) {
            out.println("As of " + answer.path("asOf").path("at").asString("") + ": "
                    + answer.path("asOf").path("note").asString("") + ".");
            out.println();
        }
    }

    /// Document, section, page or time.
    static String place(JsonNode found) {
        String title = found.path("document").path("title").asString("");
        List<String> parts = new ArrayList<>();
        parts.add(title);
        for (JsonNode heading : found.path("headingPath")) {
            String text = Output.shortened(heading.asString(""), 80);
            if (!text.equals(parts.getLast())) {
                parts.add(text);
            }
        }
        String place = String.join(" › ", parts);
        if (found.hasNonNull("page")) {
            place += ", page " + found.path("page").asInt();
        }
        if (found.hasNonNull("startMillis")) {
            place += ", at "
                    + RunText.clock(Duration.ofMillis(found.path("startMillis").asLong()));
        }
        String key = found.path("document").path("key").asString("");
        return key.equals(title) ? place : place + " (" + key + ")";
    }
}
