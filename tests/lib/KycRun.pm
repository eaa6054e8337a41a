# KycRun: shared by the tests that import into a sandbox: a job per test, rows, the program, its ledger.
#
#   my $case = case_new($sandbox, rows => 300, bad => 12, set => {'delivery.rate' => '500/s'});
#   my ($status, $out, $err) = case_run($case);           # kyc-import run to its end
#   is_settled($case, 'all came through');                # created = valid rows, no duplicates, ledger = provider
#
# With KYC_LEDGER=postgresql the ledger of each case is in a database of its own: on the server of KYC_POSTGRES_URL, or
# else on one that this test starts. Queries of case_ledger are those of SQLite: the database has the functions of it that
# tests use, and a boolean is 1 or 0.
package KycRun;

use strict;
use warnings;
use Exporter 'import';
use File::Glob qw(bsd_glob);
use FindBin;
use JSON::PP;
use POSIX ();
use Test::More;
use KycTest;
use KycPostgres;

our @EXPORT = qw(case_new case_arguments case_run case_start case_report case_metrics case_summary case_ledger case_sql case_has_ledger
    case_lose_ledger case_save_ledger case_restore_ledger is_postgres is_settled is_verified csv_rows adds_up run_of case_rejects);

# The schema of the job `test`, and what is in every database of a case.
my $schema = 'kyc_test';
my $functions = <<'SQL';
CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(encode($1, 'hex')) $$;
CREATE FUNCTION hex(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(encode(convert_to($1, 'UTF8'), 'hex')) $$;
CREATE FUNCTION ifnull(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, $2) $$;
CREATE FUNCTION json_extract(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_path_query_first($1::jsonb, $2::jsonpath) #>> '{}' $$;
SQL
my ($server, $template, $made); # made: with a ledger

sub is_postgres { return ($ENV{KYC_LEDGER} || '') eq 'postgresql'; }

# In it is a ledger without a customer, so that a first run with --new-ledger does not look for users that the provider already
# has, as with a file.
sub make_empty_ledger
{
    my $folder = scratch_folder();
    $made = postgres_database($server, $template);
    write_file("$folder/job.yaml", "job: test\ninput: {path: none.csv}\nprovider: {name: payso, base_url: 'http://127.0.0.1:1/', credentials: {token: env:TEST_LEDGER_KEY}}\n"
        . "fields: {external_id: id}\nledger: $made\nledger_key: env:TEST_LEDGER_KEY\n");
    my ($status, undef, $err) = run_program(program('kyc-import'), 'resolve', "$folder/job.yaml", '--new-ledger', '--unchecked', '--key', 'nobody', '--absent');
    die "the empty ledger: $status: $err" if $status > 1;
    postgres_query($made, "TRUNCATE customer, event, run, task, nonce, reading, backup; DELETE FROM meta WHERE key NOT IN ('schema_version', 'digest_version', 'key_check', 'job', 'provider', 'base_url');
        UPDATE writer SET epoch = 0, holder = ''", $schema);
}

# Once a test, and before it forks.
if (is_postgres()) {
    $server = $ENV{KYC_POSTGRES_URL} ? {port => $ENV{KYC_POSTGRES_URL} =~ /:(\d+)/} : postgres_start();
    $template = postgres_database($server);
    postgres_query($template, $functions);
    $ENV{TEST_LEDGER_KEY} = '0123456789abcdef' x 4;
    make_empty_ledger();
}

# count rows that are valid for payward, and bad ones (each with one defect) spread among them.
sub csv_rows
{
    my ($count, $bad, $first) = @_;
    my @rows;
    $first ||= 1;
    my $every = $bad ? int($count / $bad) || 1 : 0;
    for my $i ($first .. $first + $count - 1) {
        my $id = sprintf 'cust-%06d', $i;
        push @rows, "$id,Alex,Morgan$i,$id\@example.com,+1415555" . sprintf('%04d', 100 + $i % 9000)
            . ",1990-04-15,San Francisco,US,1 Market St,San Francisco,94103,US,US,computers_and_it";
        push @rows, "bad-$i,Alex,Morgan,not an address,+14155550110,1990-02-30,X,US,1 Market St,X,94103,US,US,other"
            if $bad && $i % $every == 0 && $bad-- > 0;
    }
    return join '', map { "$_\n" }
        'customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,zip,country,nats,job_title',
        @rows;
}

# The fields that a provider requires beside payward's.
my %more_fields = (
    'kraken-embed' => "  tos_version: {value: 1}\n",
    payso => "  state: {value: CA}\n  national_id: {value: '000000000'}\n",
);

# The credentials that the sandbox printed, as YAML and in the environment.
sub case_credentials
{
    my ($sandbox, $provider, $keys) = @_;
    my @credentials;
    for my $line (grep { /: \Q$provider\E: / } split /\n/, $sandbox->{out}) {
        my ($pairs) = $line =~ /: \Q$provider\E: (.*)/;
        my @members;
        for my $pair (split /, /, $pairs) {
            my ($name, $value) = split / /, $pair, 2;
            my $variable = uc "TEST_${name}_" . (@credentials + 1);
            $ENV{$variable} = $value;
            push @members, "$name: env:$variable";
        }
        push @credentials, '{' . join(', ', @members) . '}';
    }
    return join ', ', @credentials[0 .. $keys - 1];
}

# A folder with a job file and its export. Options: provider (payward), rows, bad, csv (the export itself), keys (1),
# set => {KEY => VALUE}, base_url (the sandbox's own).
sub case_new
{
    my ($sandbox, %option) = @_;
    my $folder = scratch_folder();
    my $provider = $option{provider} || 'payward';
    my $case = {folder => $folder, sandbox => $sandbox, valid => $option{rows}, set => $option{set} || {},
        provider => $provider, keys => $option{keys} || 1};
    my $ledger = '';
    if (is_postgres()) {
        my ($lists, $base) = (scalar($provider =~ /^(?:kira|payso)$/), $option{base_url} || "$sandbox->{url}/$provider");
        $case->{url} = postgres_database($server, $lists ? $made : $template);
        postgres_query($case->{url}, "UPDATE meta SET value = CASE key WHEN 'provider' THEN '$provider' WHEN 'base_url' THEN '$base' ELSE value END", $schema) if $lists;
        $ledger = "ledger: $case->{url}\nledger_key: env:TEST_LEDGER_KEY\n"; # not at the end, where tests add fields
    }
    write_file("$folder/export.csv", defined $option{csv} ? $option{csv} : csv_rows($option{rows}, $option{bad} || 0));
    my $credentials = case_credentials($sandbox, $provider, $case->{keys});
    my $more = $more_fields{$provider} || '';
    my $base_url = $option{base_url} || "$sandbox->{url}/$provider";
    write_file("$folder/job.yaml", <<"JOB");
job: test
input: {path: export.csv}
provider:
  name: $provider
  base_url: $base_url
  credentials: [$credentials]
${ledger}fields:
  external_id: customer_id
  first_name: given_name
  last_name: family_name
  email: email
  phone: mobile
  date_of_birth: dob
  birth_city: birth_city
  birth_country: birth_country
  address_line1: street
  city: city
  postal_code: zip
  country: country
  nationalities: nats
  occupation: job_title
$more
JOB
    return $case;
}

# Nothing is known of an earlier run.
sub is_first
{
    my ($case) = @_;
    return !(() = map { bsd_glob("$case->{folder}/$_") } 'test.ledger*', 'reports/test/*.head');
}

# What the job says of its signed keys is what the sandbox does: requests of several connections arrive in any order, and a
# sandbox without --nonce-window refuses a lower nonce. A server of a test's own takes each nonce.
sub nonce_window
{
    my ($case) = @_;
    return exists $case->{sandbox}{nonce_window} ? $case->{sandbox}{nonce_window} || undef : 10_000_000_000;
}

sub case_arguments
{
    my ($case, $command, @more) = @_;
    $case->{checked} = $command eq 'check' || grep { $_ eq '--dry-run' } @more if $command =~ /^(?:check|run)$/;
    # Without a canary: it sends one at a time, and a refusal among its records stops the run (tests/fault/stops.t).
    my %set = ('delivery.rate' => '2000/s', 'delivery.burst' => 50, 'delivery.in_flight' => 8, 'delivery.canary' => 0,
        ($case->{provider} =~ /^(payward|kraken-embed)$/ ? ('provider.nonce_window' => nonce_window($case)) : ()),
        %{$case->{set}});
    # A first run does not look for users that the provider already has, unless the case says `looks`: faults and counts
    # of requests are of the run itself (tests/cli/adopt.t looks).
    push @more, '--new-ledger' if $command =~ ($case->{url} ? qr/^(?:run|resolve|settle)$/ : qr/^run$/) && !grep({ /^--(?:dry-run|new-ledger)$/ } @more)
        && is_first($case) && (($command eq 'run' && !$case->{looks} && $case->{provider} =~ /^(?:kira|payso)$/) || ($case->{url} && !case_has_ledger($case)));
    return (program('kyc-import'), $command eq 'ledger' ? qw(ledger copy) : $command, "$case->{folder}/job.yaml",
        (map { ('--set', "$_=$set{$_}") } grep { defined $set{$_} } sort keys %set), @more);
}

# (exit status, standard output, standard error) of `kyc-import COMMAND`; `run` by default.
sub case_run
{
    my ($case, @more) = @_;
    my $command = @more && $more[0] =~ /^[a-z]/ ? shift @more : 'run';
    return run_program(case_arguments($case, $command, @more));
}

# Starts `kyc-import run`, or another command, and returns its pid; its output goes to FOLDER/out and FOLDER/err.
sub case_start
{
    my ($case, @more) = @_;
    my @command = case_arguments($case, @more && $more[0] =~ /^[a-z]/ ? shift @more : 'run', @more);
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    return $pid if $pid;
    open STDIN,  '<',  '/dev/null';
    open STDOUT, '>',  "$case->{folder}/out";
    open STDERR, '>>', "$case->{folder}/err";
    { exec {$command[0]} @command; }
    POSIX::_exit(127);
}

# The folder of the last command's report: a check has one of its own.
sub case_report { return "$_[0]{folder}/reports/test" . ($_[0]{checked} ? '/check' : ''); }

# The metrics of the last command.
sub case_metrics { return $_[0]{checked} ? case_report($_[0]) . '/metrics.prom' : "$_[0]{folder}/metrics/test.prom"; }

sub case_summary
{
    my ($case) = @_;
    my $summary = JSON::PP->new->utf8->decode(read_file(case_report($case) . '/summary.json'));
    fail("every row is accounted for: $_") for unaccounted($summary);
    return $summary;
}

# Why a summary does not account for every row that was read; empty: it does. Each row has one result; in a dry run, each
# valid row has a planned one.
sub unaccounted
{
    my ($summary) = @_;
    my %count = (%$summary, map {; "plan.$_" => $summary->{plan}{$_} } keys %{$summary->{plan}});
    my @results = qw(skipped rejected unchanged created updated refused in_doubt unsent);
    @results = (qw(skipped rejected), grep { /^plan\./ } sort keys %count) if $summary->{command} eq 'check';
    my $sum = 0;
    $sum += $count{$_} for @results;
    return () if $summary->{command} eq 'check' && $summary->{status} == 5;    # a row could not be compared with the ledger
    return $sum == $summary->{read} ? () : join ' ', map { "$_ $count{$_}" } 'read', @results;
}

# Every row of the input is accounted for: each row has one result.
sub adds_up
{
    my ($summary, $sentence) = @_;
    is_deeply([unaccounted($summary)], [], "$sentence: every row is accounted for");
    is($summary->{skipped} + $summary->{rejected} + $summary->{valid}, $summary->{read}, "$sentence: every row is skipped, rejected or valid");
}

# Runs; returns (summary, standard error, standard output) and checks the sum and the status in the summary.
sub run_of
{
    my ($case, $sentence, $want, @more) = @_;
    my ($status, $out, $err) = case_run($case, @more);
    is($status, $want, "$sentence: status $want") or diag $err;
    my $summary = case_summary($case);
    is($summary->{status}, $status, "$sentence: the summary has the status");
    adds_up($summary, $sentence);
    return ($summary, $err, $out);
}

# The reject file, unpacked; '' when there is none.
sub case_rejects
{
    my ($case, $name) = @_;
    my $path = case_report($case) . '/' . ($name || 'rejects.csv.gz');
    return '' if !-e $path;
    my ($status, $out, $err) = run_program('gunzip', '-c', $path);
    die "gunzip: $err" if $status;
    return $out;
}

# A run that opens or closes the ledger, or writes it, locks it for a moment: wait for that, as a run does.
my @patience = ('-cmd', '.timeout 20000');

# Rows of a query on the ledger, each an array.
sub case_ledger
{
    my ($case, $query) = @_;
    if ($case->{url}) {
        my %boolean = (t => 1, f => 0);
        return map { [map { $boolean{$_} // $_ } @$_] } postgres_query($case->{url}, $query, "$schema,public");
    }
    my ($status, $out, $err) = run_program('sqlite3', '-readonly', @patience, "$case->{folder}/test.ledger", $query);
    die "sqlite3: $err" if $status;
    return map { [split /\|/, $_, -1] } split /\n/, $out;
}

# Statements that change the ledger behind our back.
sub case_sql
{
    my ($case, $statements) = @_;
    return case_ledger($case, $statements) if $case->{url};
    my ($status, $out, $err) = run_program('sqlite3', @patience, "$case->{folder}/test.ledger", $statements);
    die "sqlite3: $err" if $status;
}

sub case_has_ledger
{
    my ($case) = @_;
    return -e "$case->{folder}/test.ledger" if !$case->{url};
    return (postgres_query($case->{url}, "SELECT count(*) FROM pg_namespace WHERE nspname = '$schema'"))[0][0];
}

# It is gone, with all that is beside it, but for files of a pattern.
sub case_lose_ledger
{
    my ($case, $kept) = @_;
    unlink grep { !defined $kept || $_ !~ $kept } glob "$case->{folder}/test.ledger*";
    postgres_query($case->{url}, "DROP SCHEMA IF EXISTS $schema CASCADE") if $case->{url};
}

# The ledger as it is now, for case_restore_ledger; no process has it open.
sub case_save_ledger
{
    my ($case) = @_;
    return postgres_database($server, $case->{url}) if $case->{url};
    my $copy = scratch_folder();
    run_program('cp', '-p', (grep { -e } map { "$case->{folder}/test.ledger$_" } '', '-wal'), $copy);
    return $copy;
}

sub case_restore_ledger
{
    my ($case, $saved) = @_;
    return postgres_copy($saved, $case->{url}) if $case->{url};
    unlink glob "$case->{folder}/test.ledger-*";
    run_program('cp', '-p', glob("$saved/*"), $case->{folder});
}

# Whatever happened: the chain holds, and every customer agrees with its events.
sub is_verified
{
    my ($case, $sentence) = @_;
    my ($status, $out, $err) = case_run($case, 'status', '--verify');
    like($out, qr/^verified: .*: the chain holds, and every customer agrees with its events/m, $sentence)
        or diag $out, $err;
}

# The end of every path: each valid row is one user, ledger and provider agree, and another run sends nothing.
sub is_settled
{
    my ($case, $sentence) = @_;
    my $provider = $case->{provider};
    my $counts = sandbox_counts($case->{sandbox})->{$provider};
    my $requests = $counts->{requests};
    # payso has no external id: its users are identified by the e-mail that csv_rows derived from the key.
    my %at_provider = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($case->{sandbox}, $provider);
    my %in_ledger = map { $_->[0] => $_->[1] } case_ledger($case, "SELECT external_id, user_id FROM customer WHERE state = 'created'");
    subtest $sentence => sub {
        is($counts->{users}, $case->{valid}, 'created = valid rows');
        is($counts->{duplicates}, 0, 'no duplicates');
        is($counts->{bad_signatures}, 0, 'no bad signature');
        is($counts->{bad_nonces}, 0, 'no nonce out of order');
        is_deeply(\%in_ledger, \%at_provider, 'ledger = provider');
        is_deeply([case_ledger($case, "SELECT external_id, state FROM customer WHERE state <> 'created'")], [],
            'no customer is in another state');
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, $case->{bad_rows} ? 1 : 0, 'a further run ends well') or diag $err;
        is(sandbox_counts($case->{sandbox})->{$provider}{requests}, $requests, 'and sends nothing');
        is_verified($case, 'the ledger verifies');
    };
}

1;
