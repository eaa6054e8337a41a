#!/usr/bin/perl
# A notification goes to third parties, as chats and pagers: no key of a customer is in it and no value of a record, whatever
# the provider says and whatever is wrong with the export.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycHostile;
use KycParallel;
use KycRun;
use KycTest;

my $json = JSON::PP->new->utf8;

# The notification of a run, and what the run logged.
sub told_of
{
    my ($server, $change, @arguments) = @_;
    my $case = case_new($server, provider => 'payward', rows => 3, set => {'delivery.attempts' => 1, 'delivery.timeout' => '2s'});
    write_file("$case->{folder}/tell", qq(#!/bin/sh\ncat > "\$(dirname "\$0")/told.json"; env > "\$(dirname "\$0")/environment"\n));
    chmod 0755, "$case->{folder}/tell" or die $!;
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "notify:\n  command: ./tell\n  on: [0, 1, 2, 3, 4, 5]\n");
    $change->($case) if $change;
    my ($status, undef, $err) = case_run($case, '-q', @arguments);
    return ($status, read_file("$case->{folder}/told.json"), $err, read_file("$case->{folder}/environment"));
}

sub quoting { my ($status, $text) = @_; return hostile_start(sub { my ($socket, $head, $body) = @_; print {$socket} hostile_answer($status, $text->($head, $body)) }); }

# The provider names this customer and another one.
for my $row (
    ['a refused canary', 422, 'delivery.canary=3', qr/refused one of the first requests/],
    ['refusals in a row', 422, 'delivery.stop_after.refused_in_a_row=2', qr/refused 2 in a row/],
    ['refused credentials', 401, 'delivery.canary=3', undef],
    ['a provider that fails', 500, 'delivery.canary=3', undef],
    ['a success that is none', 200, 'delivery.canary=3', undef],
) {
    my ($sentence, $http, $setting, $want) = @$row;
    parallel $sentence => sub {
        my $server = quoting($http, sub {
            my ($head, $body) = @_;
            my ($key) = $body =~ /(cust-\d+)/;
            $key ||= 'cust-000001';
            return $json->encode({error => "the reference $key is that of Cust-77777", code => "taken_$key", message => "$key, see cust-88888", errors => {reference => [$key]}});
        });
        my ($status, $told, $err) = told_of($server, undef, '--new-ledger', '--set', $setting, '--set', 'delivery.retry_for=2s');
        my $parsed = $json->decode($told);
        note "$status $told\n$err";
        unlike($told, qr/cust-\d/i, "$sentence: no key of a customer is in the notification");
        unlike($told, qr/example\.com|Morgan/, "$sentence: and no value");
        like($parsed->{text}, $want, "$sentence: but the reason") or diag $told if $want;
        hostile_end($server);
    };
}

# The first record is taken for the header, and an error lists the columns.
parallel 'an export without a header' => sub {
    my $server = quoting(500, sub { '' });
    my ($status, $told, $err) = told_of($server, sub {
        my ($case) = @_;
        write_file("$case->{folder}/export.csv", join '', (split /^/, read_file("$case->{folder}/export.csv"))[1 .. 3]);
    }, '--new-ledger');
    note "$status $told\n$err";
    unlike($told, qr/cust-\d|example\.com|Morgan/, 'none of its values is in the notification');
    hostile_end($server);
};
# A first line that does not look like a customer: the log shows it as the header, to help; the notification does not.
for my $row (['fields by name', undef], ['fields: auto', qr/^fields:\n(?:[ ].*\n)+/m]) {
    my ($sentence, $fields) = @$row;
    parallel "an unknown header, $sentence" => sub {
        my $server = quoting(500, sub { '' });
        my ($status, $told, $err) = told_of($server, sub {
            my ($case) = @_;
            write_file("$case->{folder}/export.csv", "K77x,Zoe,Quill,Berlin\nK78x,Ann,Lee,Bern\n");
            return if !$fields;
            my $job = read_file("$case->{folder}/job.yaml");
            $job =~ s/$fields/fields: auto\n/ or die $job;
            write_file("$case->{folder}/job.yaml", $job);
        }, '--new-ledger');
        is($status, 2, "$sentence: the job does not fit");
        like($err, qr/its header is: K77x, Zoe/, "$sentence: the log shows what was taken for the header");
        unlike($told, qr/K77x|Zoe|Quill|Berlin/, "$sentence: the notification has nothing of it") or diag $told;
    };
}
parallel_run(4);
done_testing;
