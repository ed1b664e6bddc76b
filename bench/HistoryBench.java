import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.databind.json.JsonMapper;

/// Pages of a long history over HTTP, each asked for many times.
public final class HistoryBench {

    private static final double GOAL_MILLIS = 300;

    private record Page(String name, String path, int found) {}

    private static final List<Page> PAGES = List.of(
            new Page("newest 50", "?limit=50", 50),
            new Page("newest 500", "?limit=500", 500),
            new Page("50 after the 9,000th", "?limit=50&before=1500", 50),
            new Page("state FAILED", "?state=FAILED", 50),
            new Page("state RUNNING (none)", "?state=RUNNING", 0),
            new Page("status STOPPED", "?status=STOPPED", 50),
            new Page("job", "?job=backup", 50),
            new Page("from, to", "?from=2026-02-01&to=2026-02-02", 50),
            new Page("origin", "?origin=schedule:nightly", 50),
            new Page("parameter", "?parameter=location:/data/source-7", 50),
            new Page("text, rare", "?text=quarterly", -1),
            new Page("text, nowhere", "?text=no+such+thing", 0));

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options =
                Bench.options(arguments, Map.of("runs", "10000", "letters", "100", "repeat", "100"));
        int repeat = Integer.parseInt(options.get("repeat"));
        int code;
        try (Bench bench = new Bench(List.of()); HttpClient http = HttpClient.newHttpClient()) {
            Bench.progress("writing the history");
            new JdbcTemplate(bench.ownerSource)
                    .execute(Files.readString(Path.of(System.getProperty("bench.root"), "bench", "history.sql"))
                            .replace("${workspace}", bench.workspace.toString())
                            .replace("${other}", UUID.randomUUID().toString())
                            .replace("${runs}", options.get("runs"))
                            .replace("${letters}", options.get("letters")));
            Bench.heading("machine");
            bench.machine();
            Bench.heading("history");
            Bench.figure("runs, of them of the workspace asked", "%,d, %,d", bench.number("SELECT count(*) FROM runs"),
                    bench.number("SELECT count(*) FROM runs WHERE workspace_id = '" + bench.workspace + "'"));
            Bench.figure("open dead letters", "%,d", bench.number("SELECT count(*) FROM dead_letters"));
            Bench.heading("pages over HTTP, %d times each: p50, p95, p99".formatted(repeat));
            String key = Files.readString(Bench.work().resolve("home/api-key")).strip();
            String url = "http://127.0.0.1:"
                    + bench.context.getEnvironment().getRequiredProperty("local.server.port") + "/actuator/runs";
            double worst = 0;
            for (Page page : PAGES) {
                double[] millis = new double[repeat];
                for (int i = -5; i < repeat; i++) {
                    long start = System.nanoTime();
                    HttpResponse<String> answer = http.send(
                            HttpRequest.newBuilder(URI.create(url + page.path())).header("X-API-Key", key).build(),
                            BodyHandlers.ofString());
                    if (i >= 0) {
                        millis[i] = (System.nanoTime() - start) / 1e6;
                    } else if (i == -1 && page.found() >= 0 && options.get("runs").equals("10000")) {
                        bench.check(page.name(), JsonMapper.shared().readTree(answer.body()).size(), page.found());
                    }
                }
                Bench.figure(page.name(), "%.1f ms, %.1f ms, %.1f ms", Bench.percentile(millis, 0.5),
                        Bench.percentile(millis, 0.95), Bench.percentile(millis, 0.99));
                worst = Math.max(worst, Bench.percentile(millis, 0.95));
            }
            Bench.goal("worst p95 in ms", worst, worst <= GOAL_MILLIS, "<= 300");
            code = bench.exitCode();
        }
        System.exit(code);
    }
}
