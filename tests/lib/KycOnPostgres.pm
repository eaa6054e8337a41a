# KycOnPostgres: scripts of other folders, run with the ledger of each case in PostgreSQL (KycRun).
#
#   on_postgres_test(2, [qw(crash/exists crash/steps)], KYC_EVERY => 16);      # so many at a time; the environment of all
#
# One server for all. Each script is one test, whose output is shown when it fails.
package KycOnPostgres;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Test::More;
use Time::HiRes qw(sleep);
use KycParallel;
use KycPostgres;
use KycTest;

our @EXPORT = qw(on_postgres_test);

sub run_script
{
    my ($name) = @_;
    my ($status, $out, $err) = run_program($^X, "$FindBin::Bin/../$name.t");
    return {status => $status, tests => scalar(() = $out =~ /^ok /mg), out => $out, err => $err};
}

sub on_postgres_test
{
    my ($width, $names, %environment) = @_;
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    my $server = postgres_start();
    $ENV{KYC_LEDGER} = 'postgresql';
    $ENV{KYC_POSTGRES_URL} = postgres_url($server) =~ s{/postgres$}{}r;
    local @ENV{keys %environment} = values %environment;
    for my $result (parallel_map($width, \&run_script, @$names)) {
        my $is_passed = ok(defined $result->{status} && $result->{status} == 0 && $result->{tests} > 0, "$result->{item} ($result->{tests})");
        diag map { "    $_\n" } grep { !/^\s*ok / } split /\n/, $result->{out} . $result->{err} if !$is_passed;
    }
    # The server ends a session a moment after its client has ended.
    my $connected = 1;
    for (my $tries = 0; $connected && $tries < 200; $tries++) {
        sleep 0.1 if $tries;
        $connected = (postgres_query(postgres_url($server), "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'kyc-import%'"))[0][0];
    }
    is($connected, 0, 'no connection is left');
    postgres_stop($server);
    done_testing;
}

1;
