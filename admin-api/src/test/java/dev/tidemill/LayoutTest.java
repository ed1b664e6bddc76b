package dev.tidemill;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/// The rules of the layout: which package may know which.
@AnalyzeClasses(
        packages = "dev.tidemill",
        importOptions = {ImportOption.DoNotIncludeTests.class, LayoutTest.NoTestJars.class})
class LayoutTest {

    private static final String[] ROOMS = {
        "dev.tidemill.source..",
        "dev.tidemill.extract..",
        "dev.tidemill.chunk..",
        "dev.tidemill.embed..",
        "dev.tidemill.store..",
    };

    private static final String[] JOBS = {
        "dev.tidemill.ingest..",
        "dev.tidemill.reembed..",
        "dev.tidemill.evaluate..",
        "dev.tidemill.backup..",
        "dev.tidemill.prune..",
        "dev.tidemill.migrate..",
        "dev.tidemill.transfer..",
        "dev.tidemill.reclaim..",
        "dev.tidemill.precaution..",
    };

    @ArchTest
    static final ArchRule theNounsKnowNothingOfTheRest = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.document..")
            .should()
            .dependOnClassesThat(describe(
                    "are ours and no nouns",
                    type -> type.getPackageName().startsWith("dev.tidemill.")
                            && !type.getPackageName().startsWith("dev.tidemill.document")));

    @ArchTest
    static final ArchRule roomsKnowTheNounsAndNotEachOther = slices().matching(
                    "dev.tidemill.(source|extract|chunk|embed|store)..")
            .should()
            .notDependOnEachOther();

    @ArchTest
    static final ArchRule roomsKnowNoJobNoPlatformAndNoServer = noClasses()
            .that()
            .resideInAnyPackage(ROOMS)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.ingest..",
                    "dev.tidemill.reembed..",
                    "dev.tidemill.evaluate..",
                    "dev.tidemill.run..",
                    "dev.tidemill.search..",
                    "dev.tidemill.answer..",
                    "dev.tidemill.quality..",
                    "dev.tidemill.sets..",
                    "dev.tidemill.admin..");

    @ArchTest
    static final ArchRule searchKnowsOnlyTheStore = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.search..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.source..",
                    "dev.tidemill.extract..",
                    "dev.tidemill.chunk..",
                    "dev.tidemill.answer..",
                    "dev.tidemill.ingest..",
                    "dev.tidemill.run..",
                    "dev.tidemill.admin..");

    @ArchTest
    static final ArchRule answersKnowOnlySearchAndTheStore = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.answer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.source..",
                    "dev.tidemill.extract..",
                    "dev.tidemill.chunk..",
                    "dev.tidemill.ingest..",
                    "dev.tidemill.run..",
                    "dev.tidemill.admin..");

    @ArchTest
    static final ArchRule qualityKnowsOnlySearchAndTheStore = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.quality..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.source..",
                    "dev.tidemill.extract..",
                    "dev.tidemill.chunk..",
                    "dev.tidemill.answer..",
                    "dev.tidemill.ingest..",
                    "dev.tidemill.reembed..",
                    "dev.tidemill.evaluate..",
                    "dev.tidemill.sets..",
                    "dev.tidemill.run..",
                    "dev.tidemill.admin..");

    @ArchTest
    static final ArchRule whatJobsShareAboutSetsKnowsNoJob = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.sets..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.ingest..",
                    "dev.tidemill.reembed..",
                    "dev.tidemill.evaluate..",
                    "dev.tidemill.answer..",
                    "dev.tidemill.admin..");

    @ArchTest
    static final ArchRule thePlatformKnowsNoJobAndNoRoom = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.run..")
            .should()
            .dependOnClassesThat(describe(
                    "are ours and outside run",
                    type -> type.getPackageName().startsWith("dev.tidemill.")
                            && !type.getPackageName().startsWith("dev.tidemill.run")));

    @ArchTest
    static final ArchRule jobsDoNotKnowEachOther = slices().matching(
                    "dev.tidemill.(ingest|reembed|evaluate|backup|prune|migrate|transfer)..")
            .should()
            .notDependOnEachOther();

    /// It is made of two others: docs/decisions/021.
    @ArchTest
    static final ArchRule reclaimKnowsBackupAndTransferAndNoOtherJob = noClasses()
            .that()
            .resideInAPackage("dev.tidemill.reclaim..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.tidemill.ingest..",
                    "dev.tidemill.reembed..",
                    "dev.tidemill.evaluate..",
                    "dev.tidemill.prune..",
                    "dev.tidemill.migrate..");

    @ArchTest
    static final ArchRule batchStaysInTheJobsAndThePlatform = noClasses()
            .that(describe("are no job and not the platform", LayoutTest::isNoJob))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.springframework.batch..");

    /// A step built elsewhere would get a transaction manager that commits nothing, and say so in no log.
    @ArchTest
    static final ArchRule jobsAndStepsAreBuiltByThePlatformAlone = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("dev.tidemill.run.Steps")
            .should()
            .callConstructorWhere(JavaCall.Predicates.target(HasOwner.Predicates.With.owner(describe(
                    "builds jobs or steps",
                    type -> type.getName().equals("org.springframework.batch.core.step.builder.StepBuilder")
                            || type.getName().equals("org.springframework.batch.core.job.builder.JobBuilder")))));

    @ArchTest
    static final ArchRule quartzStaysInTheSchedules = noClasses()
            .that()
            .resideOutsideOfPackage("dev.tidemill.admin.schedules..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.quartz..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule theServerIsKnownByNobodyElse = noClasses()
            .that()
            .resideOutsideOfPackage("dev.tidemill.admin..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.tidemill.admin..");

    @ArchTest
    static final ArchRule statementsAreWrittenWhereTheTablesAre = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.tidemill.document..",
                    "dev.tidemill.source..",
                    "dev.tidemill.extract..",
                    "dev.tidemill.chunk..",
                    "dev.tidemill.embed..",
                    "dev.tidemill.search..",
                    "dev.tidemill.answer..",
                    "dev.tidemill.quality..",
                    "dev.tidemill.sets..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.springframework.jdbc..");

    @ArchTest
    static final ArchRule thereAreNoCircles =
            slices().matching("dev.tidemill.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule packagesAreNamedForWhatTheyHold = classes()
            .should()
            .resideOutsideOfPackages(
                    "..common..", "..util..", "..utils..", "..model..", "..dto..", "..service..", "..impl..");

    /// Leaves out the test jar of another module, which is a jar like any other to ArchUnit.
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static boolean isNoJob(JavaClass type) {
        for (String job : JOBS) {
            if (type.getPackageName().startsWith(job.replace("..", ""))) {
                return false;
            }
        }
        return !type.getPackageName().startsWith("dev.tidemill.run")
                && !type.getPackageName().startsWith("dev.tidemill.admin.runs");
    }
}
