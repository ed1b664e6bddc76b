package dev.tidemill.made;

import org.springframework.jdbc.core.simple.JdbcClient;

/// The database goes away once, in one certain moment: what was asked of it then fails as it does with a lost server.
public final class Outage {

    private Outage() {}

    /// When rows of a table are to be committed: nothing of that transaction is kept.
    ///
    /// @param row which inserted row, from 1, counted from now on and over all transactions
    public static void whenCommitted(JdbcClient owner, String table, int row) {
        at(owner, row);
        owner.sql("""
                        CREATE CONSTRAINT TRIGGER outage AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION outage()
                        """.formatted(table)).update();
    }

    /// When the end of a step is to be written down: what the step did is committed then, and nobody knows.
    public static void whenStepEnds(JdbcClient owner, String step) {
        at(owner, 1);
        owner.sql("""
                        CREATE TRIGGER outage BEFORE UPDATE ON batch_step_execution FOR EACH ROW
                        WHEN (NEW.status = 'COMPLETED' AND NEW.step_name = '%s') EXECUTE FUNCTION outage()
                        """.formatted(step)).update();
    }

    /// A sequence counts on where its transaction is rolled back.
    private static void at(JdbcClient owner, int occasion) {
        owner.sql("CREATE SEQUENCE occasions").update();
        owner.sql("GRANT USAGE ON occasions TO PUBLIC").update();
        owner.sql("""
                        CREATE FUNCTION outage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                          IF nextval('occasions') = %d THEN
                            RAISE EXCEPTION 'the server goes away' USING ERRCODE = '57P01';
                          END IF;
                          RETURN NEW;
                        END $$
                        """.formatted(occasion)).update();
    }
}
