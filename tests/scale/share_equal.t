#!/usr/bin/perl
# The shares of an account in a real database: the same answers as those of one machine, by a random history, and by the
# clock of the server (tests/unit/dispatch/test_share_equal.c, which is skipped without one).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycPostgres;

my $why = postgres_missing();
plan skip_all => $why if $why;

my $pg = postgres_start();
local $ENV{KYC_POSTGRES_URL} = "postgresql://postgres\@127.0.0.1:$pg->{port}";
my ($status, $out, $err) = run_program(program('tests/unit/dispatch/test_share_equal'));
is($status, 0, 'it ends well') or diag $out, $err;
my @results = $out =~ /^((?:not )?ok \d+ .*)/mg;
cmp_ok(@results, '>=', 5, 'its functions have run');
unlike($_, qr/^not|# SKIP/, $_) for @results;
done_testing;
