package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The project goes to another model and, in the next round, back. What the target model made before is thrown
/// away, so that every text has to be paid again, once.
final class ReembedSubject implements Subject {

    private static final String FIRST = "bge-small-en-v1.5-int8";
    private static final String SECOND = "all-minilm-l6-v2-int8";

    private static final String LIVE = """
            SELECT s.model FROM projects p JOIN vector_sets s ON s.id = p.live_set_id WHERE p.slug = 'default'
            """;
    private static final String GENERATION = "SELECT corpus_generation FROM projects WHERE slug = 'default'";

    private final Map<Side, Long> generations = new HashMap<>();
    private String model = SECOND;

    @Override
    public String job() {
        return "reembed";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        Golden.plant(world);
        model = FIRST.equals(world.reference().rows(LIVE).getFirst().get("model")) ? SECOND : FIRST;
        // Whatever soaks has soaked long enough: the run makes room for its set.
        world.execute("UPDATE vector_sets SET soak_until = now() - interval '1 day' WHERE state = 'soaking'");
        world.execute("""
                DELETE FROM embedding_cache WHERE fingerprint NOT IN (
                  SELECT s.fingerprint FROM projects p JOIN vector_sets s ON s.id = p.live_set_id)
                """);
        world.payments().anew();
        world.sides().forEach(side -> generations.put(side, side.number(GENERATION)));
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        // Made-up texts say nothing of a model's quality.
        return Order.of(identity, job(), Map.of("model", model, "force", "true"));
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        List<String> lines = new ArrayList<>(Golden.answers(side, identity));
        lines.add("the corpus changed for queries "
                + (side.number(GENERATION) - generations.getOrDefault(side, 0L))
                + " times");
        lines.addAll(side.lines(
                "set of the launch",
                "SELECT model, type, state, replaces IS NOT NULL AS replaces FROM vector_sets WHERE launch_id = "
                        + side.ledger().instance(identity)));
        return lines;
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) {
        List<String> faults = new ArrayList<>(side.lines(
                "a set that is neither live nor gone back to nor gone",
                "SELECT id, model, state FROM vector_sets WHERE state NOT IN ('live', 'soaking', 'retired')"));
        faults.addAll(side.lines(
                "an index that is not whole",
                "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"));
        faults.addAll(side.lines("a table of vectors that no set has", """
                SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^vectors_[0-9]+$'
                AND NOT EXISTS (SELECT FROM vector_sets s WHERE 'vectors_' || s.id = relname AND s.state <> 'retired')
                """));
        String live = String.valueOf(side.rows(LIVE).getFirst().get("model"));
        if (!live.equals(model)) {
            faults.add("the project answers by " + live + " and is to answer by " + model);
        }
        return faults;
    }
}
