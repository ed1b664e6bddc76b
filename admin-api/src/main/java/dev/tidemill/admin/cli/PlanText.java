package dev.tidemill.admin.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// Plans as text.
final class PlanText {

    private PlanText() {}

    static void print(JsonNode plan, Output output, PrintWriter out) {
        if (output.json()) {
            out.println(Output.pretty(plan));
            return;
        }
        String job = plan.path("job").asString("");
        out.printf("plan %s of %s%n", plan.path("planId").asString(""), job);
        plan.path("counts")
                .properties()
                .forEach(count ->
                        line(out, count.getKey(), Output.number(count.getValue().asLong())));
        line(out, "tokens", Output.number(plan.path("tokens").asLong()));
        line(out, "cost", plan.path("cost").asString("0"));
        long seconds = plan.path("seconds").asLong();
        line(out, "time", seconds == 0 ? "-" : RunText.clock(Duration.ofSeconds(seconds)));
        line(out, "disk bytes", Output.number(plan.path("diskBytes").asLong()));
        for (JsonNode note : plan.path("notes")) {
            out.println("  note: " + note.asString(""));
        }
        out.println("  to be applied until " + plan.path("expiresAt").asString(""));
    }

    private static void line(PrintWriter out, String name, String value) {
        out.printf(Locale.ROOT, "  %-12s %15s%n", name, value);
    }
}
