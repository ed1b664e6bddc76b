package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows what is kept how long; its subcommands change it.
@Command(
        name = "retention",
        description = "Show what is kept how long: policies and legal holds.",
        mixinStandardHelpOptions = true)
final class RetentionCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    private RetentionCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new RetentionCommand(tool))
                .addSubcommand(new Set(tool))
                .addSubcommand(new Unset(tool))
                .addSubcommand(new Hold(tool))
                .addSubcommand(new Release(tool))
                .addSubcommand(new Expire(tool))
                .addSubcommand(new BringBack(tool));
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode policies = session.api().get("/actuator/retention");
            JsonNode holds = session.api().get("/actuator/retention/holds");
            if (output.json()) {
                tool.out().println(Output.pretty(Map.of("policies", policies, "holds", holds)));
                return ExitCode.OK;
            }
            if (policies.isEmpty()) {
                tool.out().println("no policy: job-configs/prune.yaml decides");
            }
            policies.forEach(policy -> tool.out().println("policy of " + place(policy) + tag(policy) + rules(policy)));
            holds.forEach(hold -> tool.out()
                    .println("hold " + hold.path("id").asString("") + " on " + place(hold)
                            + (hold.hasNonNull("documentId")
                                    ? ", document " + hold.path("documentId").asString("")
                                    : "")
                            + ": " + Output.shortened(hold.path("reason").asString(""), 80)));
            return ExitCode.OK;
        }
    }

    private static String place(JsonNode node) {
        if (!node.hasNonNull("project")) {
            return "the workspace";
        }
        return "project " + node.path("project").asString("")
                + (node.hasNonNull("source") ? ", source " + node.path("source").asString("") : "");
    }

    private static String tag(JsonNode policy) {
        return policy.hasNonNull("tag") ? ", tag " + policy.path("tag").asString("") : "";
    }

    private static String rules(JsonNode policy) {
        StringBuilder text = new StringBuilder();
        for (String name : new String[] {"versionsKeep", "versionsAfter", "undo", "maxAge"}) {
            if (policy.hasNonNull(name)) {
                text.append("  ")
                        .append(name)
                        .append(' ')
                        .append(policy.path(name).asString(""));
            }
        }
        return text.toString();
    }

    /// What a policy, a hold or an expiry is about.
    private static final class About {

        @Option(names = "--project", description = "slug of the project")
        private @Nullable String project;

        @Option(names = "--source", paramLabel = "ID", description = "a source of the project")
        private @Nullable String source;

        private Map<String, Object> body() {
            Map<String, Object> body = new LinkedHashMap<>();
            put(body, "project", project);
            put(body, "source", source);
            return body;
        }

        private static void put(Map<String, Object> body, String name, @Nullable Object value) {
            if (value != null) {
                body.put(name, value);
            }
        }
    }

    @Command(
            name = "set",
            description = "Set the policy of the workspace, a project, a source or a tag.",
            mixinStandardHelpOptions = true)
    private static final class Set implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private About about = new About();

        @Option(
                names = "--tag",
                paramLabel = "NAME=VALUE",
                description = "only documents whose metadata hold this value, in the workspace or the project")
        private @Nullable String tag;

        @Option(names = "--versions-keep", description = "superseded versions that stay whatever their age")
        private @Nullable Integer versionsKeep;

        @Option(
                names = "--versions-after",
                paramLabel = "AGE",
                description = "age from which on further ones go, for example 30d")
        private @Nullable String versionsAfter;

        @Option(names = "--undo", paramLabel = "AGE", description = "how long a deleted document can be brought back")
        private @Nullable String undo;

        @Option(names = "--max-age", paramLabel = "AGE", description = "age at which a published document is retired")
        private @Nullable String maxAge;

        private Set(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, Object> body = about.body();
            About.put(body, "tag", tag);
            About.put(body, "versionsKeep", versionsKeep);
            About.put(body, "versionsAfter", versionsAfter);
            About.put(body, "undo", undo);
            About.put(body, "maxAge", maxAge);
            return post(tool, "", body);
        }
    }

    @Command(name = "unset", description = "Take a policy back.", mixinStandardHelpOptions = true)
    private static final class Unset implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private About about = new About();

        @Option(
                names = "--tag",
                paramLabel = "NAME=VALUE",
                description = "only documents whose metadata hold this value, in the workspace or the project")
        private @Nullable String tag;

        private Unset(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, Object> body = about.body();
            About.put(body, "tag", tag);
            return post(tool, "/unset", body);
        }
    }

    @Command(
            name = "hold",
            description = "Keep everything of a project, source or document until the hold is released.",
            mixinStandardHelpOptions = true)
    private static final class Hold implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private About about = new About();

        @Option(names = "--document", paramLabel = "KEY", description = "a document: its key within the source")
        private @Nullable String document;

        @Option(names = "--reason", required = true, description = "why, for the audit")
        private String reason = "";

        private Hold(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, Object> body = about.body();
            About.put(body, "document", document);
            body.put("reason", reason);
            return post(tool, "/holds", body);
        }
    }

    @Command(name = "release", description = "Release a legal hold.", mixinStandardHelpOptions = true)
    private static final class Release implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", paramLabel = "ID", description = "the hold")
        private String id = "";

        @Option(names = "--reason", description = "why, for the audit")
        private String reason = "";

        private Release(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            return post(tool, "/holds/" + Api.encoded(id) + "/release", Map.of("reason", reason));
        }
    }

    @Command(name = "expire", description = "Set when a document ends by itself.", mixinStandardHelpOptions = true)
    private static final class Expire implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private About about = new About();

        @Parameters(index = "0", paramLabel = "KEY", description = "the document: its key within the source")
        private String document = "";

        @Option(names = "--at", paramLabel = "TIME", description = "for example 2027-01-01T00:00:00Z; without it never")
        private @Nullable String at;

        private Expire(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, Object> body = about.body();
            body.put("document", document);
            About.put(body, "at", at);
            return post(tool, "/expiry", body);
        }
    }

    @Command(
            name = "bring-back",
            description = "Bring a retired document back, within its undo window.",
            mixinStandardHelpOptions = true)
    private static final class BringBack implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private About about = new About();

        @Parameters(index = "0", paramLabel = "KEY", description = "the document: its key within the source")
        private String document = "";

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        private BringBack(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, Object> body = about.body();
            body.put("document", document);
            try (Session session = Session.open(tool)) {
                long run = session.api()
                        .post("/actuator/retention/bring-back", body)
                        .path("runId")
                        .asLong();
                return waiting.toTheEnd(tool, session, output, run);
            }
        }
    }

    private static int post(Tool tool, String path, Map<String, Object> body) {
        try (Session session = Session.open(tool)) {
            tool.out().println(Output.pretty(session.api().post("/actuator/retention" + path, body)));
            return ExitCode.OK;
        }
    }
}
