#!/usr/bin/perl
# status --verify of a ledger in PostgreSQL finds what rows do not show: other definitions, triggers, and an index that does not
# agree with its table.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycPostgres;

BEGIN { $ENV{KYC_LEDGER} = 'postgresql' }
my $why = postgres_missing();
plan skip_all => $why if $why;
require KycRun;
KycRun->import;

my $json = JSON::PP->new->utf8;
my $sandbox = sandbox_start();
my $case = case_new($sandbox, csv => csv_rows(40, 0, 100));
my ($status, undef, $err) = case_run($case);
is($status, 0, 'forty customers') or diag $err;
is_verified($case, 'the ledger verifies');
{
    my ($name) = $case->{url} =~ m{([^/]+)$};
    my %other = (quote_all_identifiers => 'on', standard_conforming_strings => 'off');
    postgres_query($case->{url}, "ALTER DATABASE \"$name\" SET $_ = $other{$_}") for sort keys %other;
    is_verified($case, 'also where the database has other defaults for texts of SQL');
    postgres_query($case->{url}, "ALTER DATABASE \"$name\" RESET ALL");
}
my $saved = case_save_ledger($case);

for (
    ['a trigger', 'CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER silent BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION public.nothing()', 'the trigger customer.silent was added by another program'],
    ['a rule', 'CREATE RULE silent AS ON UPDATE TO event DO INSTEAD NOTHING', 'the rule event.silent was added by another program'],
    ['an index that is missing', 'DROP INDEX customer_user_id', 'the index customer_user_id is missing'],
    ['an index of ours for other rows', 'DROP INDEX customer_user_id; CREATE UNIQUE INDEX customer_user_id ON customer(user_id) WHERE id > 0',
        'the index customer_user_id is not defined as this program defines it'],
    ['an index that is not unique', 'DROP INDEX customer_external_id; CREATE INDEX customer_external_id ON customer(external_id)',
        'the index customer_external_id is not defined as this program defines it'],
    ['a column without its NOT NULL', 'ALTER TABLE event ALTER at DROP NOT NULL', 'the column event.at is not defined as this program defines it'],
    ['a column more', 'ALTER TABLE run ADD note text', 'the column run.note was added by another program'],
    ['a default', "ALTER TABLE meta ALTER value SET DEFAULT 'x'", 'the column meta.value is not defined as this program defines it'],
    ['a check of rows', 'ALTER TABLE customer ADD CONSTRAINT few CHECK (id < 1000)', 'the constraint few was added by another program'],
    ['a table that a crash empties', 'ALTER TABLE nonce SET UNLOGGED', 'the table nonce is not defined as this program defines it'],
    ['security of rows', 'ALTER TABLE task ENABLE ROW LEVEL SECURITY', 'the table task is not defined as this program defines it'],
    ['a table below one of ours', 'CREATE TABLE more() INHERITS (customer)', 'the table customer is not defined as this program defines it'],
    ['a fence that lets all through', 'CREATE OR REPLACE FUNCTION fence(e bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$',
        'the function fence(e bigint) is not defined as this program defines it'],
    ['a function that shadows one of ours', 'CREATE FUNCTION written(have integer, want bigint) RETURNS void LANGUAGE sql AS $$ SELECT $$',
        'the function written(have integer, want bigint) was added by another program'],
) {
    my ($sentence, $sql, $finding) = @$_;
    case_restore_ledger($case, $saved);
    postgres_query($case->{url}, $sql, 'kyc_test');
    my ($code, $out) = case_run($case, 'status', '--verify');
    is($code, 5, "$sentence: status 5");
    like($out, qr/^  file: \Q$finding\E/m, "$sentence: is named") or diag $out;
}

# The rows are right, and so are the definitions; only the index differs.
for my $index (['customer_external_id', "UPDATE customer SET external_id = external_id WHERE id = 7"], ['customer_user_id', "UPDATE customer SET user_id = user_id WHERE id = 7"],
    ['event_pkey', 'UPDATE event SET id = id WHERE id = 7'], ['customer_pkey', 'UPDATE customer SET id = id WHERE id = 7']) {
    my ($name, $update) = @$index;
    case_restore_ledger($case, $saved);
    my ($table) = $update =~ /UPDATE (\w+)/;
    # A row that is written while the index is not maintained, and is not in the pages of the others by HOT either.
    postgres_query($case->{url}, "UPDATE pg_index SET indisready = false WHERE indexrelid = '$name'::regclass", 'kyc_test');
    postgres_query($case->{url}, "CREATE TABLE public.one AS SELECT * FROM $table WHERE id = 7; DELETE FROM $table WHERE id = 7; INSERT INTO $table SELECT * FROM public.one; DROP TABLE public.one", 'kyc_test');
    postgres_query($case->{url}, "UPDATE pg_index SET indisready = true WHERE indexrelid = '$name'::regclass", 'kyc_test');
    my ($code, $out) = case_run($case, 'status', '--verify');
    is($code, 5, "$name lacks an entry: status 5");
    like($out, qr/^  file: the index $name does not have each entry of the table $table once/m, "$name: is named") or diag $out;
    postgres_query($case->{url}, "REINDEX INDEX $name", 'kyc_test');
    is_verified($case, "$name: made anew, it verifies");
}
# A customer that was forgotten is in no file of the database any more, not even in the samples of the planner.
subtest 'forget' => sub {
    case_restore_ledger($case, $saved);
    my ($oid) = map { $_->[0] } postgres_query($case->{url}, 'SELECT oid FROM pg_database WHERE datname = current_database()');
    my ($folder) = map { $_->[0] } postgres_query($case->{url}, 'SHOW data_directory');
    my $files = sub { postgres_query($case->{url}, 'CHECKPOINT'); return grep { /./ } split /\n/, (run_program('grep', '-rl', 'cust-000107', "$folder/base/$oid"))[1] };
    postgres_query($case->{url}, 'ANALYZE');
    cmp_ok(scalar(() = $files->()), '>', 0, 'it is in files of the database');
    is((case_run($case, 'backup', "$case->{folder}/backup"))[0], 0, 'a backup');
    {
        local @ENV{qw(KYC_BUILD KYC_STOP_AT KYC_STOP_BY)} = (($ENV{KYC_BUILD} // 'build') . '/steps', 'backup copied#1', 'kill');
        is((case_run($case, 'restore', "$case->{folder}/backup"))[0], 128 + 9, 'its restore is killed, and leaves a copy of the ledger');
    }
    my ($code, $out) = case_run($case, 'forget', '--key', 'cust-000107');
    is($code, 0, 'it is forgotten');
    like($out, qr/^the database's server may still have them in its write-ahead log, archives of it, base backups and standbys: its administrator removes those$/m, 'and the receipt says what is not ours to remove');
    is_deeply([$files->()], [], 'it is in none of them');
    is_verified($case, 'the ledger verifies');
};
sandbox_stop($sandbox);
done_testing;
