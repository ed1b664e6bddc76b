package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.backup.Manifest.Kind;
import dev.tidemill.backup.Manifest.Scope;
import dev.tidemill.backup.PartPlan.Todo;
import dev.tidemill.backup.Tables.Table;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Large tables are cut, small ones share parts.
class PartPlanTest {

    private static final long PART = 1 << 20;

    private static Table table(String name, long bytes) {
        return new Table("public." + name, name, List.of("id"), true, -1, bytes / 8192, bytes, 1, null);
    }

    private static List<Todo> rows(List<Table> tables) {
        return PartPlan.of(tables, Scope.DATA, false, "s1", PART).stream()
                .filter(part -> part.kind() == Kind.ROWS)
                .toList();
    }

    @Test
    void aTableOfAQuarterOfAPartIsSmallAndALargerOneIsNot() {
        List<Todo> parts = rows(List.of(table("larger", PART / 4 + 1), table("quarter", PART / 4), table("empty", 0)));

        assertThat(parts).hasSize(2);
        assertThat(parts.get(0).name()).isEqualTo("s1/0001-larger.copy");
        assertThat(parts.get(1).name()).isEqualTo("s1/0002-small-tables-1.bundle");
        assertThat(parts.get(1).copies())
                .extracting(PartPlan.Copy::table)
                .containsExactly("public.quarter", "public.empty");
    }

    @Test
    void sharedPartsAreNoLargerThanOthersHoweverManyTablesThereAre() {
        List<Table> many = Stream.concat(
                        IntStream.range(0, 9).mapToObj(i -> table("t" + i, PART / 4)),
                        IntStream.range(0, 200).mapToObj(i -> table("e" + i, 0)))
                .toList();

        List<Todo> parts = rows(many);

        assertThat(parts.stream().mapToInt(part -> part.copies().size()).sum()).isEqualTo(209);
        assertThat(parts).hasSize(4).allMatch(part -> part.copies().size() <= 128);
        assertThat(parts.getFirst().copies()).hasSize(4);
    }

    @Test
    void aLargeTableIsCutIntoRangesThatLeaveNothingOut() {
        List<Todo> parts = rows(List.of(table("big", 2 * PART + 1)));

        assertThat(parts)
                .extracting(part -> part.copies().getFirst().query())
                .satisfiesExactly(
                        first -> assertThat(first).contains("ctid < '(86,0)'").doesNotContain(">="),
                        second ->
                                assertThat(second).contains("ctid >= '(86,0)'").contains("ctid < '(172,0)'"),
                        third -> assertThat(third).contains("ctid >= '(172,0)'").doesNotContain("<"));
    }
}
