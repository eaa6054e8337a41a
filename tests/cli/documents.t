#!/usr/bin/perl
# A document counts as its file's content: a new picture under the old name is sent, a new date of the file is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use KycTest;
use KycRun;

my $rows = 4;
my $sandbox = sandbox_start();
my $case = case_new($sandbox, provider => 'kira', rows => $rows);
my $folder = "$case->{folder}/documents";
mkdir $folder or die "$folder: $!";

sub picture { return "\xff\xd8\xff\xe0 $_[0]" }

# front-1 and so on; all share one file for the back, except the last, whose back is a URL.
sub export
{
    my ($front) = @_;
    my ($header, @lines) = split /\n/, csv_rows($rows);
    my $i = 0;
    write_file("$case->{folder}/export.csv", join '', map { "$_\n" } "$header,front,back", map {
        $i++;
        "$_," . $front->($i) . ',' . ($i == $rows ? 'https://example.com/back.png' : 'back.jpg')
    } @lines);
}

my $job = read_file("$case->{folder}/job.yaml");
$job =~ s/^(  credentials: .*\n)/$1  documents: documents\n/m or die 'the job has no credentials';
write_file("$case->{folder}/job.yaml", $job
    . "  document_type: {value: passport}\n  document_number: {value: G12345678}\n  document_country: {value: US}\n"
    . "  document_front: front\n  document_back: back\n");
write_file("$folder/front-$_.jpg", picture("front $_")) for 1 .. $rows;
write_file("$folder/back.jpg", picture('back'));
export(sub { "front-$_[0].jpg" });

# A run's counts, and its requests without the login.
sub night
{
    my ($sentence, %want) = @_;
    sandbox_reset($sandbox);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, $sentence) or diag $err;
    my $summary = case_summary($case);
    is_deeply([@$summary{qw(created updated unchanged)}], [@want{qw(created updated unchanged)}], "$sentence: counted");
    my $counts = sandbox_counts($sandbox)->{kira};
    is($counts->{requests} - ($counts->{logins} || 0), $want{created} + $want{updated}, "$sentence: as many requests");
}

sub users { return {map { $_->{external_id} => $_->{body} } sandbox_users($sandbox, 'kira')} }

# The members of each user that have changed.
sub differences
{
    my ($before, $after) = @_;
    my $json = JSON::PP->new->canonical->allow_nonref;
    my %differ;
    for my $key (sort keys %$before) {
        my @members = grep { $json->encode($before->{$key}{$_}) ne $json->encode($after->{$key}{$_}) } sort keys %{$before->{$key}};
        $differ{$key} = "@members" if @members;
    }
    return \%differ;
}

night('all are created', created => $rows, updated => 0, unchanged => 0);
my $before = users();
night('the same again', created => 0, updated => 0, unchanged => $rows);

write_file("$folder/front-2.jpg", picture('FRONT 2'));
my ($status) = case_run($case, 'check', '-q');
is(case_summary($case)->{plan}{update}, 1, 'a dry run sees that a file holds something else');
night('one file holds something else, as long as before', created => 0, updated => 1, unchanged => $rows - 1);
my $after = users();
is_deeply(differences($before, $after), {'cust-000002' => 'identifying_information'}, 'its member alone is sent');
is($after->{'cust-000002'}{identifying_information}[0]{documents}[0]{file},
    'data:image/jpeg;base64,' . encode_base64(picture('FRONT 2'), ''), 'and what it holds now');

utime 1_000_000_000, 1_000_000_000, "$folder/front-$_.jpg" for 1 .. $rows;
night('files with other dates', created => 0, updated => 0, unchanged => $rows);

rename "$folder/front-$_.jpg", "$folder/renamed-$_.jpg" for 1 .. $rows;
export(sub { "renamed-$_[0].jpg" });
night('files with other names', created => 0, updated => 0, unchanged => $rows);

write_file("$folder/back.jpg", picture('another back'));
night('a file that three customers share', created => 0, updated => $rows - 1, unchanged => 1);
my $shared = differences($after, users());
is_deeply($shared, {map { sprintf('cust-%06d', $_) => 'identifying_information' } 1 .. $rows - 1}, 'is sent to each of them');

# The provider refuses a document without its type, so the row is rejected here, and only for that.
write_file("$case->{folder}/job.yaml", $job . "  document_type: type\n  document_number: number\n  document_front: front\n");
my ($header, @lines) = split /\n/, csv_rows($rows, 0, 100);
write_file("$case->{folder}/export.csv", join "\n", "$header,type,number,front", "$lines[0],passport,G1,", "$lines[1],,G2,", "$lines[2],,,back.jpg", "$lines[3],,,", '');
($status) = case_run($case, 'check', '-q');
is_deeply(case_summary($case)->{rejects_by_rule}, {'document_type/required' => 2}, 'a number or a picture alone lacks its type');
my (undef, $explained) = run_program(program('kyc-import'), 'explain', "$case->{folder}/job.yaml", '--row', 2);
like($explained, qr/reject  document_type\/required  the provider requires it together with the other fields of its group/, 'and the message says why');

# Several documents of a customer: the job lists them.
my $list = case_new($sandbox, provider => 'kira', csv => join("\n",
    'id,first,last,mail,country,ssn,tax,kind,no,land,until,front,me,bill',
    'A,Ada,Example,ada@example.com,US,900-70-0001,,passport,G1,Mexico,15.05.2030,a.jpg,https://example.com/me.png,bill.pdf',
    'B,Bob,Example,bob@example.com,US,,,,,Atlantis,,,,',     # nothing but a country, which is not looked at
    'C,Cid,Example,cid@example.com,MX,,GOGM900515,passport,G3,MX,,,,',
    'D,Dee,Example,dee@example.com,US,,,,G4,US,,,,',         # a number without its type
    'E,Eve,Example,eve@example.com,US,,,passport,G5,US,,c.txt,,',
    ''));
mkdir "$list->{folder}/documents" or die $!;
write_file("$list->{folder}/documents/a.jpg", picture('a'));
write_file("$list->{folder}/documents/bill.pdf", "%PDF-1.4 bill");
write_file("$list->{folder}/documents/c.txt", 'no picture');
my $listed = read_file("$list->{folder}/job.yaml");
$listed =~ s/^fields:.*//ms;
$listed =~ s/^(  credentials: .*\n)/$1  documents: documents\n/m or die 'the job has no credentials';
write_file("$list->{folder}/job.yaml", $listed . <<'JOB');
fields:
  external_id: id
  first_name: first
  last_name: last
  email: mail
  country: country
  tax_id: tax
  documents:
    - {type: {value: ssn}, number: ssn, country: {value: US}}
    - type: {column: kind, values: {Reisepass: passport}}
      number: no
      country: land
      expiry: {column: until, format: DD.MM.YYYY}
      files: {front: front, selfie: me}
    - {type: {value: utility_bill}, files: {file_proof_of_address: bill}}
JOB
my ($list_status, undef, $list_err) = case_run($list, '-q', '--accept-updates');
is($list_status, 1, 'a job with a list of documents runs, and rejects two records') or diag $list_err;
is_deeply(case_summary($list)->{rejects_by_rule},
    {'document_type/required' => 1, 'documents[1].files.front/format' => 1}, 'for a type that is missing, and a file that is none');
my %sent = map { $_->{external_id} => $_->{body}{identifying_information} } sandbox_users($sandbox, 'kira');
is_deeply($sent{A}, [
    {type => 'ssn', issuing_country => 'USA', number => '900-70-0001'},
    {type => 'passport', issuing_country => 'MEX', number => 'G1', expiration => '2030-05-15', documents => [
        {type => 'front', file => 'data:image/jpeg;base64,' . encode_base64(picture('a'), '')},
        {type => 'selfie', file => 'https://example.com/me.png'}]},
    {type => 'utility_bill', documents => [
        {type => 'file_proof_of_address', file => 'data:application/pdf;base64,' . encode_base64('%PDF-1.4 bill', '')}]},
], 'the three documents of one customer');
is($sent{B}, undef, 'entries without number and file are left out');
is_deeply($sent{C}, [{type => 'passport', issuing_country => 'MEX', number => 'G3'},
    {type => 'tax_id', issuing_country => 'MEX', number => 'GOGM900515'}], 'a tax number makes a document of its own');

# A file counts by what it holds, wherever that is: a data URI of the same bytes is no change.
my $same = read_file("$list->{folder}/export.csv");
(my $inline = $same) =~ s/,a\.jpg,/',"data:image\/jpeg;base64,' . encode_base64(picture('a'), '') . '",'/e;
isnt($inline, $same, 'the export has the picture itself');
write_file("$list->{folder}/export.csv", $inline);
case_run($list, '-q', '--accept-updates');
is_deeply([@{case_summary($list)}{qw(updated unchanged)}], [0, 3], 'as a data URI it is the same document');
$inline =~ s/base64,/base64,AAAA/;
write_file("$list->{folder}/export.csv", $inline);
case_run($list, 'check', '-q');
is(case_summary($list)->{rejects_by_rule}{'documents[1].files.front/format'}, 2, 'and one whose content is no picture is rejected');
write_file("$list->{folder}/export.csv", $same);
write_file("$list->{folder}/documents/bill.pdf", "%PDF-1.4 BILL");
case_run($list, '-q', '--accept-updates');
is_deeply([@{case_summary($list)}{qw(updated unchanged)}], [1, 2], 'another content of one file is one update');
(undef, $explained) = run_program(program('kyc-import'), 'explain', "$list->{folder}/job.yaml", '--row', 1, '--unmask');
like($explained, qr/documents\[1\]\.expiry +2030-05-15 +← until/, 'explain shows the parts of each entry');
like($explained, qr/warn +record\/unverifiable  .*phone/, 'what automatic verification lacks is one warning');
(undef, $explained) = run_program(program('kyc-import'), 'explain', "$list->{folder}/job.yaml", '--row', 4);
like($explained, qr/document_type\/required  documents\[1\] has a number or a file, and no type/, 'and which one lacks its type');

sandbox_stop($sandbox);
done_testing;
